"""One backend per process; every test starts from the same seed."""

import gc
import importlib.util
import os

import pytest

pytest_plugins = [
    "tests.helpers.one_backend",
    "tests.helpers.skips",
    "tests.helpers.tf_data",
]

BACKENDS = ("tensorflow", "jax", "torch")

if "KERAS_BACKEND" not in os.environ:
    installed = [b for b in BACKENDS if importlib.util.find_spec(b)]
    if installed:
        os.environ["KERAS_BACKEND"] = installed[0]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "agg")

import hypothesis  # noqa: E402
import keras  # noqa: E402

hypothesis.settings.register_profile(
    "trainkit",
    deadline=None,  # the first call of an op compiles it
    derandomize=True,
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("trainkit")

# Tracing makes many objects that stay: with Python's own thresholds a tenth of
# the suite's time would go into looking for garbage among them.
gc.freeze()
gc.set_threshold(50_000, 20, 20)


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)

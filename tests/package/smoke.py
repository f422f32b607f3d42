"""What a newcomer does first: `python smoke.py SOURCES`.

Run in an empty folder, by a Python that has the package and nothing of its
sources, whose folder is the argument. It is no test of pytest's: neither that
nor `tests` is there.
"""

import importlib.metadata
import os
import subprocess
import sys
import sysconfig
from pathlib import Path


def main(sources):
    """Uses the package; a step that fails ends it with its name."""
    require(not os.listdir(), "the folder is empty")
    import keras
    import numpy as np

    import keras_trainkit as ktk

    found = Path(ktk.__file__).resolve()
    inside = Path(sysconfig.get_path("purelib")).resolve()
    require(inside in found.parents, f"{found} lies in {inside}")
    # An environment of nox's lies in a folder of the checkout.
    checkout = sources / "keras_trainkit"
    require(checkout not in found.parents, f"{found} is not the checkout")
    version = importlib.metadata.version("keras-trainkit")
    require(version == ktk.__version__, f"{version} is {ktk.__version__}")

    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(8, "relu"),
            ktk.layers.MCDropout(0.2),
            keras.layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), "mse")
    x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
    y = x.sum(axis=1, keepdims=True)
    model.fit(
        x, y, epochs=2, verbose=0, callbacks=[ktk.callbacks.OneCycle(0.05)]
    )
    rate = float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
    require(abs(rate - 0.01) < 1e-7, f"the learning rate is back: {rate}")

    prediction = ktk.uncertainty.mc_predict(model, x[:5], samples=20, seed=1)
    require((prediction.std > 0).any(), "mc_predict draws")
    page = ktk.diagnostics.check_model(model, x, y).to_html()
    require("<style>" in page and "<script" in page, "the page has its files")

    model.save("model.keras")
    loaded = keras.saving.load_model("model.keras")
    require(isinstance(loaded.layers[1], ktk.layers.MCDropout), "it is loaded")
    for arguments, expected in (
        (["--version"], version),
        (["check", "model.keras", "--format", "json"], '"findings"'),
        (["check", "model.keras", "--format", "html"], "<html"),
    ):
        require(expected in ktk_command(arguments), f"ktk {arguments}")
    backend = keras.config.backend()
    print(f"{version} works with Keras {keras.__version__} on {backend}")


def require(fulfilled, what):
    if not fulfilled:
        raise SystemExit(f"Not so: {what}.")


def ktk_command(arguments):
    """Returns what `ktk` prints; findings are no failure."""
    command = Path(sysconfig.get_path("scripts")) / "ktk"
    done = subprocess.run([command, *arguments], capture_output=True, text=True)
    require(done.returncode in (0, 1), f"ktk {arguments}: {done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())

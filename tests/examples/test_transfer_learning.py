import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.examples import EXAMPLES
from tests.helpers.examples import load_script
from tests.helpers.pictures import unlike

script = load_script(EXAMPLES / "transfer_learning.py")
# How layers are reused, frozen and thawed is tested on every backend elsewhere.
pytestmark = pytest.mark.one_backend
# Both are learnt at the rates of 30: no step is traced twice.
LABELS = (18, 54)
by_arm = pytest.mark.parametrize("arm", script.ARMS)


def run(tmp_path_factory, name, *arguments):
    path = tmp_path_factory.mktemp(name) / "picture.png"
    arguments = ["--quick", "--output", str(path), *arguments]
    return *script.main(arguments), path


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    arguments = ["--seeds", "2", "--labels", *map(str, LABELS)]
    return run(tmp_path_factory, "quick", *arguments)


@pytest.fixture(scope="module")
def shuffled(tmp_path_factory):
    arguments = ["--seeds", "3", "--labels", "30", "--shuffle-labels"]
    return run(tmp_path_factory, "shuffled", *arguments)


@pytest.fixture(scope="module")
def start(quick):
    """Weights to start from, and one signal over and over.

    Then the order of the batches, which tracing changes, does not matter.
    """
    start = quick[0].starts[0]
    x, y = start["data"]["train B"][LABELS[0]]
    return start, script.repeated(x[:1], y[:1], 300)


def trained(start, experiment, arm):
    setting = script.setting(arm, 30)
    model = script.ARMS[arm](experiment.models, *start, *setting)
    return model.get_weights()


@by_arm
def test_each_arm_learns_more_from_more_labels(quick, arm):
    few, more = (quick[1][arm][labels] for labels in LABELS)
    assert few.shape == more.shape == (2,)
    assert (more > 0.25).all() and more.mean() > few.mean()


@by_arm
def test_shuffled_labels_come_out_at_chance(shuffled, arm):
    experiment, found, _ = shuffled
    tested = len(experiment.starts[0]["data"]["test B"][1])
    error = (0.2 * 0.8 / (3 * tested)) ** 0.5
    assert abs(found[arm][30].mean() - 0.2) < 4 * error


def test_a_second_run_starts_anew(quick, start):
    first, second = (trained(start, quick[0], "gradual") for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_two_models_are_as_good_as_two_compiles(quick, start):
    found = trained(start, quick[0], "two compiles")
    weights, data = start
    rate, factor = script.setting("two compiles", 30)
    model = script.network((40, 1))
    model.set_weights(weights["reused"])
    for frozen, peak, epochs in (
        (True, rate, script.HEAD_EPOCHS),
        (False, rate * factor, script.EPOCHS - script.HEAD_EPOCHS),
    ):
        for layer in model.layers[:-1]:
            layer.trainable = not frozen
        model.compile("adam", "sparse_categorical_crossentropy")
        one_cycle = ktk.callbacks.OneCycle(peak)
        settings = {"batch_size": script.BATCH_SIZE, "verbose": 0}
        model.fit(*data, epochs=epochs, callbacks=[one_cycle], **settings)
    for one, other in zip(found, model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_only_the_head_of_the_frozen_arm_is_new(quick, start):
    found = trained(start, quick[0], "frozen")
    kept = [
        np.array_equal(one, other)
        for one, other in zip(found, start[0]["reused"], strict=True)
    ]
    assert kept == [True] * 6 + [False] * 2


def test_the_reused_layers_are_model_a_and_the_head_is_not(quick):
    starts = quick[0].starts.values()
    assert min(start["task A"] for start in starts) > 0.3
    new, reused = (starts := list(starts))[0]["new"], starts[0]["reused"]
    assert all(map(lambda a, b: a.shape == b.shape, new, reused))
    # Only biases of a head start as zeros.
    assert np.any(reused[5]) and not np.any(reused[7])


def test_the_table_is_the_mean_and_its_error(capsys):
    values = np.array([0.5, 0.7, 0.6])
    found = {"from scratch": {3: values - 0.25}, "frozen": {3: values}}
    script.report([0.9, 0.9, 0.9], found, script.parse(["--labels", "3"]))
    printed = capsys.readouterr().out
    assert "| from scratch | 0.350 ± 0.058 |\n" in printed
    assert "| frozen | **0.600 ± 0.058** |\n" in printed
    # The same seeds: a gain that is the same on each has no error.
    assert printed.endswith("| frozen | +0.250 ± 0.000 |\n\n")


def test_one_seed_has_no_standard_error(capsys):
    with pytest.raises(SystemExit):
        script.parse(["--seeds", "1"])
    assert "--seeds must be at least 2" in capsys.readouterr().err


def test_the_picture_shows_these_accuracies_and_no_others(quick, tmp_path):
    _, found, drawn = quick
    draw(found, tmp_path / "again.png")
    assert unlike(tmp_path / "again.png", drawn) == 0
    others = {**found, "frozen": found["from scratch"]}
    draw(others, tmp_path / "others.png")
    assert unlike(tmp_path / "others.png", drawn) > 0.01


def draw(found, path):
    script.draw(found, script.gains(found), "mnist1d", path)

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.diagnostics import Finding
from keras_trainkit.diagnostics import Repair
from keras_trainkit.diagnostics import Report
from keras_trainkit.diagnostics import next_steps
from keras_trainkit.diagnostics.steps.procedure import PROCEDURE

NAMES = [one.step.name for one in PROCEDURE]


def finding(code, severity, topic="loss", *repairs):
    return Finding(code, severity, topic, "head", "seen", "do", repairs=repairs)


def test_errors_come_first_advice_last_and_all_else_between():
    report = Report(
        [
            finding("L103", "advice"),
            finding("L102", "warning"),
            finding("L101", "error"),
        ]
    )
    steps = next_steps(report)
    assert [one.finding for one in steps[:3]] == ["L101", "L102", ""]
    assert steps[-1].finding == "L103"
    assert {one.name for one in steps[2:-1]} == set(NAMES)


def test_a_step_says_what_and_why():
    step = next_steps(Report([finding("L101", "error")]))[0]
    assert step.name == "L101 [loss] head"
    assert (step.what, step.why) == ("do", "seen")
    assert step.expect


def test_without_findings_the_procedure_is_in_its_order():
    assert [one.name for one in next_steps(Report([]))] == NAMES


FIRST = {
    "epochs": "train longer",
    "learning_rate": "another learning rate",
    "preprocessing": "standardise",
    "regularization": "regularise",
    "batch_size": "batch and rate together",
}


@pytest.mark.parametrize(("topic", "name"), FIRST.items(), ids=FIRST)
def test_what_the_findings_are_about_comes_first(topic, name):
    steps = next_steps(Report([finding("L101", "warning", topic)]))
    assert steps[1].name == name


FALLING = [1.0, 0.6, 0.4, 0.3, 0.25, 0.2, 0.18, 0.16, 0.15, 0.14]
RISING = [1.0, 0.7, 0.6, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2]
CURVES = {
    "overfitting": ({"loss": FALLING, "val_loss": RISING}, "regularise"),
    "not finite": (
        {"loss": [1.0, float("nan")]},
        ("overfit one batch", "another learning rate", "standardise"),
    ),
    "flat": ({"loss": [0.69] * 10}, "overfit one batch"),
}


@pytest.mark.parametrize(("curves", "name"), CURVES.values(), ids=CURVES)
def test_what_the_curves_show_comes_first(curves, name):
    steps = next_steps(Report([]), curves)
    assert steps[0].name in name
    assert steps.seen


def test_curves_of_the_report_are_read():
    report = Report([], curves={"loss": [0.69] * 10})
    assert (
        next_steps(report).seen
        == next_steps(Report([]), {"loss": [0.69] * 10}).seen
    )


def test_the_table():
    steps = next_steps(Report([finding("L101", "error")]))
    text = str(steps)
    assert text.startswith("1. L101 [loss] head\n   what:   do\n")
    assert f"{len(steps)}. train longer" in text
    assert steps._repr_html_().count("<tr>") == len(steps) + 1
    assert max(len(line) for line in text.splitlines()) <= 80


WRONG = {
    "no report": ("L101", None, TypeError),
    "no history": (Report([]), 3, TypeError),
    "no loss": (Report([]), {"accuracy": [1.0]}, ValueError),
}


@pytest.mark.parametrize(
    ("report", "history", "error"), WRONG.values(), ids=WRONG
)
def test_what_is_no_report_or_history_is_refused(report, history, error):
    with pytest.raises(error):
        next_steps(report, history)


RNG = np.random.default_rng(0)
X = RNG.normal(size=(128, 4)).astype("float32")
Y = (X[:, 0] > 0).astype("int64")
REPORT = Report(
    [finding("L101", "error", "activation", Repair("activation", "tanh", "h"))]
)


@pytest.fixture(scope="module")
def model():
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(8, "relu", name="h"),
            keras.layers.Dense(1, "sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", run_eagerly=True)
    return model


STEPS = {one.name: one for one in next_steps(REPORT)}
# They train a whole network or search: their own tests are elsewhere.
LONG = ("overfit one batch", "another learning rate", "change output or loss")


@pytest.mark.one_backend
@pytest.mark.parametrize("name", [n for n in STEPS if n not in LONG])
def test_the_lines_run_and_leave_the_model_as_it_was(model, name):
    before = model.get_weights()
    code = STEPS[name].code.replace('"epochs", 30', '"epochs", 1')
    for epochs in ("epochs=10", "epochs=50"):
        code = code.replace(epochs, "epochs=1, verbose=0")
    scope = {"ktk": ktk, "keras": keras, "np": np, "report": REPORT}
    exec(code, scope | {"model": model, "x": X, "y": Y})
    pairs = zip(before, model.get_weights(), strict=True)
    assert all(np.array_equal(one, other) for one, other in pairs)

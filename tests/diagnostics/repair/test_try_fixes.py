import datetime

import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics import Finding
from keras_trainkit.diagnostics import Repair
from keras_trainkit.diagnostics import Report
from keras_trainkit.diagnostics import try_fixes
from tests.helpers.fit_state import changes
from tests.helpers.fit_state import fit_state

L = keras.layers
RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 4)).astype("float32")
Y = (X[:, 0] + X[:, 1] > 0).astype("int64")
VALUES = (500 + 90 * X[:, 0]).astype("float32")


def patient(end="softmax", loss="binary_crossentropy"):
    model = keras.Sequential(
        [
            keras.Input((4,)),
            L.Dropout(0.1),
            L.Dense(1, activation=end, name="head"),
        ]
    )
    optimizer = keras.optimizers.SGD(0.5, momentum=0.5)
    model.compile(optimizer, loss, run_eagerly=True)
    return model


def report(*findings):
    return Report(
        [
            Finding(f"L10{i}", "error", "loss", "head", "", "", repairs=some)
            for i, some in enumerate(findings, 1)
        ]
    )


RIGHT = (Repair("activation", "sigmoid", "head"),)
IMPOSSIBLE = (Repair("dropout_rate", 0.1, "head"),)
ARGUMENTS = {"epochs": 1, "batch_size": 4}


@pytest.fixture(scope="module")
def run():
    """A search, and everything before and after it."""
    # The fixtures of a module come before the seed of a test.
    keras.utils.set_random_seed(0)
    model, x, y = patient(), X.copy(), Y.copy()
    model.optimizer.build(model.trainable_variables)
    before = fit_state(model)
    found = try_fixes(
        model,
        x[:32],
        y[:32],
        (x[32:], y[32:]),
        ARGUMENTS,
        budget=8,
        report=report(RIGHT, IMPOSSIBLE),
        verbose=0,
    )
    return found, changes(before, fit_state(model)), (x, y)


def test_nothing_given_has_changed(run):
    _, changed, (x, y) = run
    assert changed == []
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)


def test_the_right_fix_is_found_and_helps(run):
    found, _, _ = run
    assert found.helped
    assert set(RIGHT) <= set(found.best)
    assert found.trials[0].mean > found.unchanged.mean
    assert len(found.trials[0].scores) == len(found.unchanged.scores) == 2


def test_the_budget_is_kept(run):
    found, _, _ = run
    trials = (*found.trials, found.unchanged)
    assert sum(len(one.scores) for one in trials) == 8
    assert found.left_out


def test_what_cannot_be_made_is_told(run):
    found, _, _ = run
    problem = {one.name: one.problem for one in found.trials}
    assert problem["L102 dropout rate 0.1"].startswith("ValueError: `where`")
    assert "`where`" in str(found)


def test_the_best_model_scores_what_the_table_says(run):
    found, _, _ = run
    predicted = found.best_model.predict(X[32:], verbose=0)[:, 0] > 0.5
    accuracy = (predicted == Y[32:]).mean()
    assert accuracy == pytest.approx(max(found.trials[0].scores))
    assert found.encode_targets(Y).tolist() == Y.tolist()


def test_the_table_shows_all(run):
    found, _, _ = run
    lines = str(found).splitlines()
    assert lines[0].startswith("Best: ")
    names = [one.name for one in found.trials]
    assert all(any(name in line for line in lines) for name in names)
    assert any("unchanged" in line for line in lines)
    assert any("lack of budget" in line for line in lines)
    assert len(found.rows()) == len(found.trials) + 1
    assert found._repr_html_().count("<tr>") == len(found.rows()) + 1


def test_an_interrupt_leaves_everything_as_it_was():
    model = patient()
    before = fit_state(model)

    class Broken(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyboardInterrupt

    arguments = {**ARGUMENTS, "callbacks": lambda: [Broken()]}
    data = (X[:32], Y[:32], (X[32:], Y[32:]))
    found = try_fixes(
        model, *data, arguments, budget=4, report=report(RIGHT), verbose=0
    )
    assert found.interrupted
    assert "Interrupted." in str(found)
    assert changes(before, fit_state(model)) == []


@pytest.mark.one_backend
def test_targets_of_a_regression_are_scaled_back_in_the_best_model():
    model = patient(None, "mse")
    found = try_fixes(
        model,
        X,
        VALUES,
        (X, VALUES),
        {"epochs": 4, "batch_size": 8},
        budget=4,
        report=report((Repair("scale_targets"), Repair("learning_rate", 0.1))),
        verbose=0,
    )
    assert found.score == "R2"
    assert found.helped
    predicted = found.best_model.predict(X, verbose=0)[:, 0]
    explained = 1 - ((predicted - VALUES) ** 2).mean() / VALUES.var()
    best = max(found.trials[0].scores)
    assert explained == pytest.approx(best, abs=1e-3)
    assert found.encode_targets(VALUES).tolist() == VALUES.tolist()


@pytest.mark.one_backend
def test_nothing_helps_where_nothing_can():
    y = RNG.permutation(np.arange(64) % 2)
    found = try_fixes(
        patient("sigmoid"),
        X[:32],
        y[:32],
        (X[32:], y[32:]),
        {"epochs": 1},
        budget=4,
        report=report((Repair("use_bias", False, "head"),)),
        verbose=0,
    )
    assert not found.helped
    assert found.best == ()
    assert str(found).startswith("Nothing helped beyond the noise.")
    assert found.best_model is not None


@pytest.mark.one_backend
def test_time_that_is_over_ends_it():
    found = try_fixes(
        patient(),
        X,
        Y,
        (X, Y),
        ARGUMENTS,
        budget=datetime.timedelta(microseconds=1),
        report=report(RIGHT),
        verbose=0,
    )
    assert not any(one.scores for one in found.trials)
    assert found.left_out


REFUSED = {
    "callbacks": ({"fit_kwargs": {"callbacks": []}}, TypeError),
    "validation": ({"fit_kwargs": {"validation_split": 0.1}}, ValueError),
    "arguments": ({"fit_kwargs": [1]}, TypeError),
    "no argument of fit": ({"fit_kwargs": {"epoch": 3}}, TypeError),
    "other rows": ({"validation_data": (X, Y[1:])}, ValueError),
    "one seed": ({"seeds": 1}, ValueError),
    "the same seeds": ({"seeds": [3, 3]}, ValueError),
    "a budget": ({"budget": 3}, ValueError),
    "a report": ({"report": "L101"}, TypeError),
    "held-out rows": ({"validation_data": X}, TypeError),
    "no held-out row": ({"validation_data": (X[:0], Y[:0])}, ValueError),
    "inputs as a list": ({"x": X.tolist()}, TypeError),
    "held-out inputs as a list": (
        {"validation_data": (X.tolist(), Y)},
        TypeError,
    ),
    "other targets": ({"validation_data": (X, np.eye(2)[Y])}, ValueError),
}


@pytest.mark.parametrize(("wrong", "error"), REFUSED.values(), ids=REFUSED)
def test_wrong_arguments_are_refused(wrong, error):
    arguments = {"x": X, "validation_data": (X, Y), "report": report(RIGHT)}
    arguments |= {"verbose": 0, **wrong}
    (name,) = wrong
    with pytest.raises(error, match=f"`{name}"):
        try_fixes(patient(), y=Y, **arguments)


def test_one_callback_needs_no_list():
    ends = []
    noting = keras.callbacks.LambdaCallback(on_train_end=ends.append)
    found = try_fixes(
        patient(),
        X,
        Y,
        (X, Y),
        {"callbacks": lambda: noting},
        budget=4,
        report=report(RIGHT),
        verbose=0,
    )
    assert len(found.unchanged.scores) == 2
    assert len(ends) == 4

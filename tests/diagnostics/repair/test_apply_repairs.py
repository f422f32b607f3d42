import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics import Repair
from keras_trainkit.diagnostics import apply_repairs
from keras_trainkit.diagnostics import check_model
from tests.helpers.fit_state import changes
from tests.helpers.fit_state import fit_state

L = keras.layers
RNG = np.random.default_rng(0)
X = RNG.normal(5, 3, size=(40, 4)).astype("float32")
Y = (X[:, 0] > 5).astype("int64")


def patient():
    model = keras.Sequential(
        [
            keras.Input((4,)),
            L.Dense(6, "sigmoid", name="hidden"),
            L.Dense(1, "softmax", name="head"),
        ]
    )
    model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
    return model


def test_the_report_s_fix_is_made():
    model = patient()
    report = check_model(model, X, Y)
    repaired = apply_repairs(model, [report.most_likely], X, Y)
    assert repaired.model.layers[-1].activation is keras.activations.sigmoid
    assert repaired.repairs == report.most_likely.repairs
    assert repaired.model.metrics_names == model.metrics_names


WRONG = {
    "path": Repair("units", 9, "nowhere"),
    "name": Repair("initializer", "no such", "hidden"),
    "contradiction": Repair("epochs", 3),
}


@pytest.mark.parametrize("wrong", [None, *WRONG], ids=str)
def test_a_model_stays_as_it_was(wrong):
    model = patient()
    model.optimizer.build(model.trainable_variables)
    before, x, y = fit_state(model), X.copy(), Y.copy()
    repairs = [Repair("standardize"), Repair("epochs", 2)]
    if wrong is None:
        apply_repairs(model, repairs, X, Y)
    else:
        with pytest.raises((TypeError, ValueError)):
            apply_repairs(model, [*repairs, WRONG[wrong]], X, Y)
    assert changes(before, fit_state(model)) == []
    np.testing.assert_array_equal(X, x)
    np.testing.assert_array_equal(Y, y)


def test_contradictions_are_refused():
    repairs = [Repair("epochs", 2), Repair("epochs", 3)]
    with pytest.raises(ValueError, match="contradict"):
        apply_repairs(patient(), repairs, X, Y)


@pytest.mark.parametrize("wrong", ["L103", None, 3])
def test_what_is_no_repair_is_refused(wrong):
    with pytest.raises(TypeError, match="repairs"):
        apply_repairs(patient(), [wrong], X, Y)


def test_of_findings_that_contradict_the_first_is_made():
    report = check_model(patient(), X, Y)
    first = report.most_likely
    other = (Repair("activation", "relu", "head"),)
    second = type(first)(
        first.code, "advice", "activation", "head", "", "", repairs=other
    )
    made = apply_repairs(patient(), [first, second], X, Y).repairs
    assert made == first.repairs


def test_targets_are_coded_and_other_ones_alike():
    repairs = [
        Repair("targets", "one_hot"),
        Repair("units", 2, "head"),
        Repair("loss", "categorical_crossentropy"),
    ]
    repaired = apply_repairs(patient(), repairs, X, Y)
    np.testing.assert_array_equal(repaired.y, np.eye(2)[Y])
    assert repaired.encode_targets(np.array([1, 0])).tolist() == [
        [0, 1],
        [1, 0],
    ]
    repaired.fit(epochs=1, verbose=0)
    assert 0 <= repaired.score(X, Y) <= 1

"""A training under examination, step by step, without any `fit`."""

import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics.examination import Examination

X = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
Y = 2 * X[:, :1]


def examined(**given):
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4, activation="relu", name="hidden"),
            keras.layers.Dense(1, name="out"),
        ]
    )
    # By chance a network may know a little before it has learnt.
    last = model.layers[-1].kernel
    last.assign(last / 20)
    model.compile(keras.optimizers.SGD(3e-7), "mse")
    return Examination(model, X, Y, epochs=12, **given)


@pytest.fixture(scope="module")
def stuck():
    """After twelve epochs in which nothing was learnt."""
    one = examined()
    for _ in range(12):
        one.training.add_epoch({"loss": 9.0})
        one.training.updates += 40
    one.training.rates = [3e-7]
    one.probe()
    return one, one.conclude()


def test_a_finding_is_new_once(stuck):
    one, new = stuck
    assert "D102" in [finding.code for finding in new]
    assert one.conclude() == []
    assert one.marks.count((11, "D102")) == 1


def test_the_report_holds_curves_layers_and_findings(stuck):
    report = stuck[0].report()
    assert report.curves == {"loss": [9.0] * 12}
    assert report.summary["epochs"] == "12 of 12"
    hidden = report.layers[0]
    assert (hidden["path"], hidden["probe_epochs"]) == ("hidden", [0, 12])
    assert len(hidden["gradient_norm"]) == 2 == len(hidden["dead_share"])
    cause = report.select("D102").most_likely
    assert cause.topic == "learning_rate" and "3e-07" in cause.message


def test_a_loss_that_is_not_finite_in_finite_layers(stuck):
    one = examined()
    one.training.add_epoch({"loss": np.nan})
    one.add_not_finite(0, 3, float("nan"))
    seen = one.training.not_finite
    assert (seen.layer, seen.weights, seen.bad_inputs) == (None, (), 0)
    assert [finding.topic for finding in one.conclude()] == ["loss"]


def test_what_fails_is_noted_and_not_tried_again(monkeypatch):
    one = examined()

    def fails(done):
        raise MemoryError("too large")

    monkeypatch.setattr(one, "_prober", fails)
    one.probe()
    assert one.problems == {"layers": "MemoryError: too large"}
    one.probe()
    assert len(one.training.probes) == 1
    assert "not looked at: layers" in one.report().summary


def test_weights_of_rows_leave_the_constant_unknown():
    assert examined(weighted=True).training.constant is None
    assert examined().training.constant == pytest.approx(Y.var(), rel=1e-5)

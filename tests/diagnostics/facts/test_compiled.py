import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics.facts.compiled import Compiled
from keras_trainkit.diagnostics.facts.compiled import loss_facts
from keras_trainkit.diagnostics.facts.compiled import metric_name
from tests.helpers.models import mlp

LOSSES = {
    "alias": ("mse", "mean_squared_error", False),
    "name": ("categorical_crossentropy", "categorical_crossentropy", False),
    "object": (
        keras.losses.BinaryCrossentropy(from_logits=True),
        "binary_crossentropy",
        True,
    ),
    "function": (keras.losses.huber, "huber", False),
    "Huber": (keras.losses.Huber(2.0), "huber", False),
    "one's own": (lambda y_true, y_pred: y_pred, None, False),
}


@pytest.mark.parametrize("case", LOSSES)
def test_a_loss_is_named_as_keras_names_it(case):
    given, name, from_logits = LOSSES[case]
    facts = loss_facts(given)
    assert (facts.name, facts.from_logits) == (name, from_logits)
    assert facts.is_classification is ("crossentropy" in (name or ""))


@pytest.mark.parametrize(
    "given, name",
    [
        ("acc", "accuracy"),
        (keras.metrics.SparseCategoricalAccuracy(), None),
        (keras.metrics.mean_absolute_error, "mean_absolute_error"),
    ],
)
def test_a_metric_is_named(given, name):
    assert metric_name(given) == (name or "sparse_categorical_accuracy")


def compiled(optimizer="sgd", model=None, **arguments):
    model = model or mlp()
    model.compile(optimizer, **{"loss": "mse", **arguments})
    return Compiled(model)


SGD = keras.optimizers.SGD
CASES = {
    "plain": (SGD(0.5), ("sgd", 0.5, 0.0, 0.0, False)),
    "momentum": (SGD(0.5, 0.75), ("sgd", 0.5, 0.75, 0.0, False)),
    "clipped": (SGD(0.5, clipvalue=1.0), ("sgd", 0.5, 0.0, 0.0, True)),
    "decayed": (
        keras.optimizers.AdamW(0.25, weight_decay=0.5),
        ("adamw", 0.25, 0.9, 0.5, False),
    ),
    "scaled loss": (
        keras.optimizers.LossScaleOptimizer(SGD(0.5)),
        ("sgd", 0.5, 0.0, 0.0, False),
    ),
    "schedule": (
        SGD(keras.optimizers.schedules.ExponentialDecay(0.5, 3, 0.1)),
        ("sgd", 0.5, 0.0, 0.0, False),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_an_optimizer_does(case):
    optimizer, expected = CASES[case]
    facts = compiled(optimizer)
    seen = facts.optimizer_name, facts.learning_rate, facts.momentum
    assert (*seen, facts.weight_decay, facts.clips) == expected
    assert facts.scheduled is (case == "schedule")


def two_outputs():
    inputs = keras.Input((4,))
    one = keras.layers.Dense(1, name="one")(inputs)
    two = keras.layers.Dense(3, name="two")(inputs)
    return keras.Model(inputs, [one, two])


OUTPUTS = {
    "dict": (
        {"two": "sparse_categorical_crossentropy"},
        {"two": ["accuracy"]},
    ),
    "list": (
        [None, "sparse_categorical_crossentropy"],
        [[], ["accuracy"]],
    ),
}


@pytest.mark.parametrize("case", OUTPUTS)
def test_each_output_has_its_own(case):
    loss, metrics = OUTPUTS[case]
    facts = compiled(model=two_outputs(), loss=loss, metrics=metrics)
    assert facts.loss[0] is None
    assert facts.loss[1].name == "sparse_categorical_crossentropy"
    assert facts.metrics == [[], ["accuracy"]]


def test_metrics_are_found_weighted_or_not():
    facts = compiled(metrics=["mae"], weighted_metrics=["mse"])
    assert facts.metrics == [["mean_absolute_error", "mean_squared_error"]]


def test_flags_changed_since_the_optimizer_was_built_are_seen():
    model = mlp()
    model.compile("sgd", "mse")
    assert not Compiled(model).trainable_changed
    model.fit(np.ones((4, 8)), np.ones((4, 1)), verbose=0)
    assert not Compiled(model).trainable_changed
    model.layers[0].trainable = False
    assert Compiled(model).trainable_changed


@pytest.mark.skipif(
    not hasattr(keras.optimizers, "MultiOptimizer"),
    reason="this Keras has no MultiOptimizer",
)
def test_several_optimizers_have_no_one_rate():
    model = mlp()
    pairs = [(SGD(0.1), model.layers[0]), (SGD(0.2), model.layers[1])]
    facts = compiled(keras.optimizers.MultiOptimizer(pairs), model)
    assert facts.optimizer is None
    assert facts.learning_rate is None

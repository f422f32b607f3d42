"""FineTuning on the kinds of models, BatchNormalization among their layers."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers import replay
from tests.helpers.staged_fit import FineTuning
from tests.helpers.staged_fit import Recorder
from tests.helpers.staged_fit import X
from tests.helpers.staged_fit import Y
from tests.helpers.staged_fit import compiled
from tests.helpers.staged_fit import fit
from tests.helpers.staged_fit import sgd
from tests.helpers.staged_fit import subclassed
from tests.helpers.tanh_net import TanhReplay
from tests.models import zoo


def with_batch_norms():
    """In a nested model, in a composite, in the trunk and in the head."""
    inputs = keras.Input((4,))
    x = zoo.backbone()(inputs)
    x = zoo.Block(name="block")(x)
    x = keras.layers.BatchNormalization(name="trunk_norm")(x)
    x = keras.layers.Dense(4, name="top")(x)
    x = keras.layers.BatchNormalization(name="top_norm")(x)
    model = keras.Model(inputs, keras.layers.Dense(1, name="head")(x))
    return compiled(sgd(), model)


def norms_moved(model, batch_norm):
    norms = {
        "nested": model.get_layer("backbone").get_layer("norm"),
        "composite": model.get_layer("block").norm,
        "trunk": model.get_layer("trunk_norm"),
        "head": model.get_layer("top_norm"),
    }
    before = {name: norm.get_weights() for name, norm in norms.items()}
    stages = {0: ["top", "top_norm", "head"], 1: "all"}
    fit(model, FineTuning(stages, 1.0, batch_norm), x=X[:, :4], epochs=2)
    return {
        name: [
            not np.array_equal(a, b)
            for a, b in zip(before[name], norm.get_weights(), strict=True)
        ]
        for name, norm in norms.items()
    }


@pytest.mark.parametrize("batch_norm", ["inference", "follow"])
def test_batch_normalization_of_the_reused_part(batch_norm):
    moved = norms_moved(with_batch_norms(), batch_norm)
    reused = [batch_norm == "follow"] * 4
    assert moved == {
        "nested": reused,
        "composite": reused,
        "trunk": reused,
        "head": [True] * 4,
    }


def test_statistics_alone_train_on_without_a_stage_0():
    """BatchNormalization without gamma and beta has no trainable weight."""
    inputs = keras.Input((4,))
    x = keras.layers.Dense(4, name="low", trainable=False)(inputs)
    norm = keras.layers.BatchNormalization(center=False, scale=False)
    outputs = keras.layers.Dense(1, name="head")(norm(x))
    model = compiled(model=keras.Model(inputs, outputs))
    before = norm.get_weights()
    fit(model, FineTuning({1: "low"}), x=X[:, :4], epochs=2)
    assert norm.trainable
    assert not np.array_equal(before[0], norm.get_weights()[0])


def shared():
    return zoo.shared(), "head"


def nested():
    return zoo.nested(), "head"


def several():
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    stem = keras.layers.Dense(3, name="stem")
    both = keras.layers.Concatenate()([stem(a), stem(b)])
    outputs = [keras.layers.Dense(1, name=name)(both) for name in ("y", "z")]
    return keras.Model([a, b], outputs), ["y", "z"]


@pytest.mark.parametrize("make", [shared, nested, subclassed, several])
def test_kinds_of_models(make):
    model, head = make()
    inputs = X[:, :4]
    x, y = ([inputs, inputs], [Y, Y]) if make is several else (inputs, Y)
    compiled(sgd(), model)
    heads = {
        id(w) for one in ktk.models.select(model, head) for w in one.weights
    }
    recorder = Recorder()
    before = [np.array(w) for w in model.get_weights()]
    fit(model, FineTuning({0: head, 1: "all"}), recorder, x=x, y=y, epochs=2)
    moved = [
        {
            id(w)
            for w, a, b in zip(model.weights, *pair, strict=True)
            if not np.array_equal(a, b)
        }
        for pair in ([before, recorder.weights[0]], recorder.weights)
    ]
    held = {id(w) for w in model.non_trainable_weights}
    assert moved[0] == heads
    # A unit may be dead; but what trained is more than the head.
    assert heads < moved[1] <= {id(w) for w in model.weights} - held
    assert len(model.optimizer.variables) == 2 + len(model.trainable_weights)


def test_evaluate_after_equal_shapes_changed_places():
    """On JAX a step is traced for shapes; two equal layers may be confused."""
    model = compiled()
    model.evaluate(X, Y, verbose=0)  # before the optimizer is built
    fit(model, FineTuning({0: "high"}), epochs=1)
    hand = TanhReplay(model.get_weights(), replay.sgd)
    loss = hand.loss(X, Y)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(loss, rel=1e-5)
    history = fit(
        model,
        FineTuning({0: lambda layer: layer.name != "high"}),
        validation_data=(X, Y),
        epochs=1,
    )
    loss = TanhReplay(model.get_weights(), replay.sgd).loss(X, Y)
    assert history.history["val_loss"] == pytest.approx([loss], rel=1e-5)
    np.testing.assert_allclose(
        np.mean((model.predict(X, verbose=0) - Y) ** 2), loss, rtol=1e-5
    )

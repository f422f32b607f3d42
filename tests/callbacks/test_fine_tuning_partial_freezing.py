"""What is frozen alone inside a layer stays so through every stage."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers import partly_frozen
from tests.helpers.partly_frozen import MODELS
from tests.helpers.partly_frozen import X
from tests.helpers.partly_frozen import Y
from tests.helpers.partly_frozen import by_name
from tests.helpers.partly_frozen import moved
from tests.helpers.partly_frozen import trained

STAGES = {
    "from the head on": {0: "head", 1: "all"},
    "from what trains on": {1: "all"},
    "in three stages": {0: "head", 1: "inner", 2: "all"},
}


def fine_tune(model, stages, **arguments):
    model.compile(keras.optimizers.SGD(0.1, momentum=0.5), "mse")
    model.fit(
        X,
        Y,
        batch_size=8,
        epochs=4,
        shuffle=False,
        verbose=0,
        callbacks=[ktk.callbacks.FineTuning(stages, 1.0, **arguments)],
    )


# All models in all stages, and the other stages with what is frozen twice over.
CASES = [
    *((name, "in three stages") for name in MODELS),
    ("lora on int8", "from the head on"),
    ("lora on int8", "from what trains on"),
]


@pytest.mark.parametrize("name, stages", CASES)
def test_frozen_weights_are_bit_identical_and_the_others_move(name, stages):
    make, frozen = MODELS[name]
    model = make()
    before = by_name(model)
    fine_tune(model, STAGES[stages])
    assert moved(before, by_name(model)) == set(before) - frozen


def test_lora_alone_moves_where_all_else_was_frozen_by_layer():
    """As KerasHub's backbones do it: freeze layers, then enable LoRA."""
    model = partly_frozen.token_model()
    model.get_layer("table").trainable = False
    inner = model.get_layer("inner")
    inner.trainable = False
    hidden = inner.get_layer("hidden")
    hidden.trainable = True
    hidden.enable_lora(2)
    before = by_name(model)
    fine_tune(model, {0: "head", 1: lambda one: hasattr(one, "lora_kernel_a")})
    assert moved(before, by_name(model)) == {
        "hidden/lora_kernel_a",
        "hidden/lora_kernel_b",
        "hidden/bias",
        "head/kernel",
        "head/bias",
    }


def test_a_lora_model_frozen_as_a_whole_before_the_run():
    model = partly_frozen.with_lora()
    model.trainable = False
    before = by_name(model)
    fine_tune(model, {0: "head", 1: "all"})
    assert moved(before, by_name(model)) == set(before) - MODELS["lora"][1]


def test_the_next_fit_goes_on_with_the_same_weights():
    make, frozen = MODELS["a frozen kernel"]
    model = make()
    fine_tune(model, {0: "head", 1: "all"})
    before = by_name(model)
    model.fit(X, Y, verbose=0)
    fine_tune(model, {0: "head", 2: "all"})
    assert moved(before, by_name(model)) == set(before) - frozen


def test_a_refused_stage_leaves_what_was_frozen_alone():
    make, frozen = MODELS["a frozen kernel"]
    model = make()
    before = trained(model)
    callback = ktk.callbacks.FineTuning({0: lambda one: False, 1: "all"})
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="matches a layer"):
        model.fit(X, Y, epochs=2, verbose=0, callbacks=[callback])
    assert trained(model) == before
    assert not before & frozen


def test_the_weights_are_those_of_an_sgd_by_hand():
    """The kernel of `hidden` frozen alone; its bias and the head train."""
    inputs = keras.Input((3,))
    hidden = keras.layers.Dense(4, name="hidden")
    head = keras.layers.Dense(1, name="head")
    model = keras.Model(inputs, head(hidden(inputs)))
    hidden.kernel.trainable = False
    w, b, v, c = (a.astype("float64") for a in model.get_weights())
    x = X.astype("float32")
    model.compile(keras.optimizers.SGD(0.01), "mse")
    model.fit(
        x,
        Y,
        batch_size=len(x),
        epochs=3,
        shuffle=False,
        verbose=0,
        callbacks=[ktk.callbacks.FineTuning({0: "head", 1: "all"}, 1.0)],
    )
    for epoch in range(3):
        hidden_out = x @ w + b
        error = 2 * (hidden_out @ v + c - Y) / len(x)
        step_b = (error @ v.T).sum(0) * (epoch > 0)
        v, c, b = (
            v - 0.01 * hidden_out.T @ error,
            c - 0.01 * error.sum(0),
            b - 0.01 * step_b,
        )
    for ours, theirs in zip(model.get_weights(), [w, b, v, c], strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)

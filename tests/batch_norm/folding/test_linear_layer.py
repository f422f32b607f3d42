import keras
import numpy as np
import pytest

from keras_trainkit.batch_norm.folding.fold import fold
from tests.helpers.arrays import to_numpy
from tests.helpers.normalized import assert_folded
from tests.helpers.normalized import assert_left
from tests.helpers.normalized import batch_norm
from tests.helpers.normalized import norm
from tests.helpers.normalized import trained

layers = keras.layers
Dense, Conv2D = layers.Dense, layers.Conv2D

# Layers behind an input of that shape; "it" takes up "norm".
FOLDED = {
    "Dense on sequences": ((4, 6), lambda: [Dense(5, name="it"), norm()]),
    "without a bias": (
        (6,),
        lambda: [Dense(5, use_bias=False, name="it"), norm()],
    ),
    "no scale": ((6,), lambda: [Dense(5, name="it"), norm(scale=False)]),
    "no center": ((6,), lambda: [Dense(5, name="it"), norm(center=False)]),
    "axis counted from the batch": (
        (6,),
        lambda: [Dense(5, name="it"), norm(axis=1)],
    ),
    "Conv2D, groups and dilation": (
        (8, 8, 4),
        lambda: [Conv2D(6, 3, groups=2, dilation_rate=2, name="it"), norm()],
    ),
    "TimeDistributed": (
        (2, 5, 5, 3),
        lambda: [layers.TimeDistributed(Conv2D(4, 2), name="it"), norm()],
    ),
    "before Conv2D, groups": (
        (8, 8, 4),
        lambda: [norm(), Conv2D(6, 3, groups=2, name="it")],
    ),
    "before a window of one place": (
        (8, 8, 4),
        lambda: [norm(), Conv2D(6, 1, padding="same", name="it")],
    ),
}
LEFT = {
    "activations on both sides": (
        (6,),
        lambda: [Dense(5, "relu"), norm(), layers.ReLU(), Dense(2)],
        "the activation of .* is in between; not into .* the ReLU",
    ),
    "padding behind": (
        (8, 8, 3),
        lambda: [norm(), Conv2D(4, 3, padding="same")],
        "pads its inputs with zeros",
    ),
    "another axis": (
        (8, 8, 3),
        lambda: [Conv2D(4, 3), norm(axis=1)],
        "axis 1 is not that of the channels",
    ),
    "the axis of the steps": (
        (4, 6),
        lambda: [layers.TimeDistributed(Dense(5)), norm(axis=1)],
        "axis 1 is not that of the channels",
    ),
}


@pytest.mark.one_backend
@pytest.mark.parametrize("shape, make", FOLDED.values(), ids=FOLDED)
def test_is_folded(shape, make):
    assert_folded(shape, make())


@pytest.mark.one_backend
@pytest.mark.parametrize("shape, make, reason", LEFT.values(), ids=LEFT)
def test_is_left_with_the_reason(shape, make, reason):
    assert_left(shape, make(), reason)


@pytest.mark.one_backend
def test_weights_are_those_of_float64():
    model, folding = assert_folded((6,), [Dense(5, name="it"), norm()])
    x = np.random.default_rng(1).normal(size=(4, 6))

    def dense(layer):
        kernel, bias = (to_numpy(w).astype("float64") for w in layer.weights)
        return x @ kernel + bias

    expected = batch_norm(model.layers[1], dense(model.layers[0]))
    np.testing.assert_allclose(
        dense(folding.model.layers[0]), expected, atol=1e-6
    )


@pytest.mark.one_backend
def test_low_rank_updates_are_merged():
    model = keras.Sequential([keras.Input((6,)), Dense(5, name="it"), norm()])
    it = trained(model).layers[0]
    it.enable_lora(2)
    it.lora_kernel_b.assign(np.ones((2, 5)))
    folding = fold(model)
    assert folding.largest_difference < 1e-5
    assert not folding.model.layers[0].lora_enabled
    assert len(folding.model.weights) == 2 and len(it.weights) == 4


@pytest.mark.one_backend
def test_a_quantized_layer_is_left_as_it_is():
    model = keras.Sequential([keras.Input((6,)), Dense(5, name="it"), norm()])
    trained(model).layers[0].quantize("int8")
    folding = fold(model)
    assert "quantized (int8): fold first" in folding.left["norm"]
    assert folding.largest_difference == 0


@pytest.mark.one_backend
@pytest.mark.parametrize(
    "dtype, folds",
    [("mixed_float16", False), ("mixed_bfloat16", True), ("float32", True)],
)
def test_weights_too_large_for_the_dtype(dtype, folds):
    model = keras.Sequential(
        [
            keras.Input((6,)),
            Dense(5, name="it", dtype=dtype),
            norm(dtype=dtype),
        ]
    )
    model.layers[1].gamma.assign(np.full(5, 1e6))
    folding = fold(model)
    assert bool(folding.folded) is folds
    assert folds or "too large for float16" in folding.left["norm"]


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision(dtype):
    layers = [Dense(5, name="it", dtype=dtype), norm(dtype=dtype)]
    model = trained(keras.Sequential([keras.Input((6,)), *layers]))
    folding = fold(model)
    assert folding.folded == {"norm": ("it",)}
    assert folding.largest_difference < 0.02
    assert folding.model.layers[0].dtype_policy.name == dtype


@pytest.mark.one_backend
def test_what_acts_in_training_is_dropped():
    _, folding = assert_folded(
        (6,),
        [
            Dense(
                5,
                name="it",
                kernel_regularizer="l2",
                activity_regularizer="l1",
                kernel_constraint="max_norm",
            ),
            norm(beta_regularizer="l2"),
        ],
    )
    assert folding.model.losses == []
    assert folding.model.layers[0].kernel_constraint is None

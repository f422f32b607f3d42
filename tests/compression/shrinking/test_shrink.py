"""Dead units are gone, the outputs are as they were."""

import keras
import numpy as np
import pytest

from keras_trainkit.compression import shrink
from tests.helpers.arrays import to_numpy
from tests.helpers.dead_weights import filled
from tests.helpers.dead_weights import inputs_of
from tests.helpers.dead_weights import kill
from tests.helpers.dead_weights import outputs

layers = keras.layers
one_backend = pytest.mark.one_backend


def dense():
    """ReLU of -1 is 0; sigmoid of 1 goes into the next bias."""
    model = filled(
        keras.Sequential(
            [
                keras.Input((6,)),
                layers.Dense(8, activation="relu", name="a"),
                layers.Dense(7, activation="sigmoid", use_bias=True, name="b"),
                layers.Dropout(0.5),
                layers.Dense(3, use_bias=False, name="head"),
            ]
        )
    )
    kill(model.get_layer("a"), [0, 3, 5], -1.0)
    kill(model.get_layer("b"), [2, 6], 1.0)
    return model, {"a": 5, "b": 5}


def convolutions():
    """A constant from batch normalisation goes where nothing pads."""
    model = filled(
        keras.Sequential(
            [
                keras.Input((9, 9, 2)),
                layers.Conv2D(6, 3, use_bias=False, name="a"),
                layers.BatchNormalization(name="norm"),
                layers.ReLU(),
                layers.Conv2D(5, 3, name="b"),
                layers.MaxPooling2D(2),
                layers.PReLU(shared_axes=[1, 2]),
                layers.Conv2D(4, 2, padding="same", name="c"),
                layers.Flatten(),
                layers.Dense(3, name="head"),
            ]
        )
    )
    kill(model.get_layer("norm"), [1, 2], [0.7, -0.7])
    kill(model.get_layer("b"), [0, 4])
    kill(model.get_layer("c"), [3], 0.3)
    return model, {"a": 4, "b": 3, "c": 3}


def residual():
    """A sum's unit goes where it is dead in both branches."""
    x = keras.Input((5, 4))
    a = layers.Conv1D(6, 3, padding="same", activation="relu", name="a")(x)
    b = layers.Conv1D(6, 1, name="b")(a)
    y = layers.Add(name="sum")([a, b])
    z = layers.Concatenate()([y, x])
    out = layers.Dense(2, name="head")(layers.GlobalAveragePooling1D()(z))
    model = filled(keras.Model(x, out))
    kill(model.get_layer("a"), [0, 1])
    kill(model.get_layer("b"), [1, 2])
    return model, {"a": 5, "b": 5}


def depthwise():
    """A depthwise convolution's channels are those it reads."""
    x = keras.Input((6, 6, 2))
    y = layers.Conv2D(5, 1, name="a")(x)
    y = layers.DepthwiseConv2D(
        3, padding="same", depth_multiplier=2, activation="tanh"
    )(y)
    y = layers.SeparableConv2D(4, 2, depth_multiplier=2, name="b")(y)
    s = layers.GlobalMaxPooling2D(keepdims=True)(y)
    s = layers.Dense(4, activation="sigmoid", name="gate")(s)
    y = layers.Multiply()([y, s])
    out = layers.Conv2DTranspose(2, 3, strides=2, name="head")(y)
    model = filled(keras.Model(x, out))
    depth = model.layers[2]
    kill(model.get_layer("a"), [0, 4])
    kill(depth, slice(None), 0.0)
    kernel = np.random.default_rng(2).normal(size=depth.kernel.shape)
    depth.kernel.assign(kernel)
    kill(model.get_layer("b"), [3])
    return model, {"a": 3, "b": 3, "gate": 3}


def grouped():
    """Groups lose equally many channels."""
    x = keras.Input((6, 6, 4))
    y = layers.Conv2D(8, 3, name="a")(x)
    y = layers.Conv2D(6, 3, groups=2, name="b")(y)
    out = layers.GlobalAveragePooling2D()(y)
    out = layers.Dense(2, name="head")(out)
    model = filled(keras.Model(x, out))
    kill(model.get_layer("a"), [0, 1, 5], 0.5)
    kill(model.get_layer("b"), [2, 3, 4], 0.5)
    return model, {"a": 6, "b": 4}


def twins():
    """A nested model and a layer that are called twice, two outputs."""
    tower = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(6, activation="relu", name="b"),
            layers.Dense(4, activation="tanh", name="c"),
        ],
        name="tower",
    )
    one, two = keras.Input((3,)), keras.Input((3,))
    first = layers.Dense(5, activation="relu", name="a")
    left, right = tower(first(one)), tower(first(two))
    gap = keras.ops.abs(left - right) * 2.0
    model = filled(
        keras.Model(
            [one, two],
            [layers.Dense(1, name="d")(gap), layers.Dense(2, name="e")(left)],
        )
    )
    kill(model.get_layer("a"), [1], 0.5)
    kill(tower.get_layer("b"), [0, 2], 0.3)
    kill(tower.get_layer("c"), [3], 0.2)
    return model, {"a": 4, "tower/b": 4, "tower/c": 3}


def volumes():
    """Three dimensions, through `Reshape` and `Permute`."""
    x = keras.Input((4, 4, 4, 1))
    y = layers.Conv3D(4, 2, activation="elu", name="a")(x)
    y = layers.AveragePooling3D(2, padding="same")(y)
    y = layers.Reshape((4, 2, 4))(y)
    y = layers.Permute((3, 1, 2))(y)
    y = layers.Flatten()(y)
    model = filled(keras.Model(x, layers.Dense(2, name="head")(y)))
    kill(model.get_layer("a"), [2], -0.5)
    return model, {"a": 3}


# The others differ in what is done with indices, as on every backend.
CASES = [
    dense,
    convolutions,
    twins,
    *(
        pytest.param(one, marks=one_backend, id=one.__name__)
        for one in (residual, depthwise, grouped, volumes)
    ),
]


@pytest.mark.parametrize("make", CASES)
def test_dead_units_go_and_outputs_stay(make):
    model, expected = make()
    x = inputs_of(model)
    before = outputs(model, x)

    shrinking = shrink(model)

    sizes = {one.path: one.after for one in shrinking.removed}
    assert sizes == expected
    assert shrinking.parameters[1] == shrinking.model.count_params()
    assert shrinking.parameters[1] < shrinking.parameters[0]
    assert shrinking.largest_difference < 1e-5
    assert min(np.ptp(one, axis=0).max() for one in before) > 1e-2
    after = outputs(shrinking.model, x)
    for one, other in zip(before, after, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-5)
    for one, other in zip(before, outputs(model, x), strict=True):
        np.testing.assert_array_equal(other, one)


def test_mixed_precision_keeps_its_policy():
    model, _ = dense()
    copy = keras.Sequential.from_config(model.get_config())
    for layer in copy.layers:
        layer.dtype_policy = "mixed_float16"
    copy.set_weights(model.get_weights())
    x = inputs_of(model)

    new = shrink(copy, x).model

    assert {one.compute_dtype for one in new.layers} == {"float16"}
    assert {str(w.dtype) for w in new.weights} == {"float32"}
    np.testing.assert_allclose(
        outputs(new, x)[0], outputs(copy, x)[0], atol=5e-3
    )


def test_the_smaller_model_trains_saves_and_is_quantised(tmp_path):
    model, _ = dense()
    model.get_layer("b").trainable = False
    new = shrink(model).model
    x = inputs_of(model)

    assert not new.get_layer("b").trainable
    assert not new.compiled
    new.save(tmp_path / "small.keras")
    loaded = keras.saving.load_model(tmp_path / "small.keras")
    np.testing.assert_allclose(
        outputs(loaded, x)[0], outputs(new, x)[0], rtol=1e-6
    )
    new.compile("sgd", "mse")
    new.fit(x, np.zeros((3, 3), "float32"), verbose=0)
    new.quantize("int8")
    assert outputs(new, x)[0].shape == (3, 3)


@one_backend
def test_a_bias_is_made_for_a_constant():
    model, _ = dense()

    head = shrink(model).model.get_layer("head")

    # Units 2 and 6 were the sigmoid of 1, whatever came in.
    kernel = to_numpy(model.get_layer("head").kernel.value)
    expected = kernel[[2, 6]].sum(0) / (1 + np.exp(-1.0))
    np.testing.assert_allclose(to_numpy(head.bias.value), expected, rtol=1e-6)


@one_backend
def test_a_layer_of_units_that_nothing_reads_loses_them():
    model = filled(
        keras.Sequential(
            [
                keras.Input((4,)),
                layers.Dense(5, activation="softplus", name="a"),
                layers.Dense(6, activation="softplus", name="b"),
                layers.Dense(2, name="head"),
            ]
        )
    )
    kernel = np.array(to_numpy(model.layers[2].kernel.value))
    kernel[[0, 1]] = 0
    model.layers[2].kernel.assign(kernel)
    kernel = np.array(to_numpy(model.layers[1].kernel.value))
    kernel[3, 2:] = 0  # read by the two that nothing reads
    model.layers[1].kernel.assign(kernel)

    shrinking = shrink(model)

    assert {one.path: one.after for one in shrinking.removed} == {
        "a": 4,
        "b": 4,
    }
    assert shrinking.largest_difference < 1e-6


@one_backend
@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: "model", TypeError, "Sequential or functional"),
        (lambda: keras.Sequential([layers.Dense(2)]), ValueError, "built"),
        (
            lambda: filled(
                keras.Sequential([keras.Input((2,)), layers.Dense(2)])
            ),
            ValueError,
            "dead units",
        ),
    ],
    ids=["no model", "not built", "nothing dead"],
)
def test_what_cannot_shrink_raises(make, error, said):
    with pytest.raises(error, match=said):
        shrink(make())

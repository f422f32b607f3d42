import json

import keras
import numpy as np
import pytest

from keras_trainkit.constraints import IncomingMaxNorm
from tests.helpers.arrays import to_numpy
from tests.helpers.younger import GATED

RADIUS = 0.4

# One layer on inputs as large as its window, so that NumPy needs no more than
# an einsum: layer, input shape, forward, backward, axes of a unit.
LINEAR = {
    "dense": (
        lambda c: keras.layers.Dense(3, use_bias=False, kernel_constraint=c),
        (4,),
        "bi,io->bo",
        "bi,bo->io",
        ("standard", (0,)),
    ),
    "conv": (
        lambda c: keras.layers.Conv2D(
            3, (2, 3), use_bias=False, kernel_constraint=c
        ),
        (2, 3, 2),
        "bhwi,hwio->bo",
        "bhwi,bo->hwio",
        ("standard", (0, 1, 2)),
    ),
    "depthwise": (
        lambda c: keras.layers.DepthwiseConv2D(
            3, use_bias=False, depth_multiplier=2, depthwise_constraint=c
        ),
        (3, 3, 2),
        "bhwi,hwim->bim",
        "bhwi,bim->hwim",
        ("depthwise", (0, 1)),
    ),
    "transposed": (
        lambda c: keras.layers.Conv2DTranspose(
            3, 2, use_bias=False, kernel_constraint=c
        ),
        (1, 1, 4),
        "bxyi,hwoi->bhwo",
        "bxyi,bhwo->hwoi",
        ("transposed", (0, 1, 3)),
    ),
}


def numpy_fit(w, x, y, forward, backward, axes, rate, batch_size, epochs):
    """Returns the projected weights, and whether any was projected."""
    w, projected = w.astype("float64"), False
    for start in [*range(0, len(x), batch_size)] * epochs:
        xb, yb = x[start : start + batch_size], y[start : start + batch_size]
        out = np.einsum(forward, xb, w)
        error = 2 * (out - yb.reshape(out.shape)) / out.size
        w = w - rate * np.einsum(backward, xb, error)
        norm = np.sqrt(np.sum(w**2, axes, keepdims=True))
        projected |= bool(np.any(norm > RADIUS))
        w = np.where(norm > RADIUS, w * RADIUS / norm, w)
    return w, projected


@pytest.mark.parametrize(
    "make, shape, forward, backward, layout", LINEAR.values(), ids=LINEAR
)
def test_a_compiled_fit_equals_steps_and_projections_in_numpy(
    make, shape, forward, backward, layout
):
    kernel, axes = layout
    layer = make(IncomingMaxNorm(RADIUS, kernel))
    model = keras.Sequential(
        [keras.Input(shape), layer, keras.layers.Flatten()]
    )
    model.compile(keras.optimizers.SGD(0.3), "mse")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(12, *shape))
    y = rng.normal(0, 3, size=(12, *model.output_shape[1:]))
    start = to_numpy(layer.kernel)
    model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    expected, projected = numpy_fit(
        start, x, y, forward, backward, axes, 0.3, batch_size=4, epochs=2
    )
    assert projected
    np.testing.assert_allclose(to_numpy(layer.kernel), expected, atol=2e-6)


@pytest.mark.parametrize(
    "kernel, shape, axis",
    [
        ("standard", (3, 4, 2), (0, 1)),
        ("transposed", (3, 4, 2), (0, 2)),
        ("depthwise", (3, 4, 2), 0),
        ((0,), (3, 4, 2), 0),
        ([0, -1], (3, 4, 2), (0, 2)),
    ],
    ids=str,
)
def test_it_equals_max_norm_with_the_axis_set_by_hand(kernel, shape, axis):
    w = keras.random.normal(shape, 0, 2, seed=0)
    by_hand = keras.constraints.MaxNorm(1.5, axis)(w)
    result = IncomingMaxNorm(1.5, kernel)(w)
    # MaxNorm divides by the norm plus 1e-7 even inside the ball.
    np.testing.assert_allclose(to_numpy(result), to_numpy(by_hand), rtol=1e-5)


def test_max_norm_itself_is_wrong_for_a_convolution_by_default():
    w = keras.ops.ones((3, 3, 2, 1))
    theirs = to_numpy(keras.constraints.MaxNorm(1.0)(w))
    ours = to_numpy(IncomingMaxNorm(1.0)(w))
    assert np.linalg.norm(theirs) == pytest.approx(6**0.5, rel=1e-5)
    assert np.linalg.norm(ours) == pytest.approx(1.0, rel=1e-5)


@pytest.mark.parametrize("kernel", ["standard", "transposed", "depthwise"])
def test_a_bias_is_refused_at_the_first_call(kernel):
    with pytest.raises(ValueError, match="Received: rank of the weight=1"):
        IncomingMaxNorm(1.0, kernel)(keras.ops.ones(3))


def test_axes_that_the_weight_lacks_are_refused_at_the_first_call():
    with pytest.raises(ValueError, match=r"shape \(3,\). Received: kernel="):
        IncomingMaxNorm(1.0, (0, 1))(keras.ops.ones(3))


@pytest.mark.parametrize(
    "make",
    [
        lambda c: keras.layers.MultiHeadAttention(
            3, 3, kernel_constraint=c, **GATED
        ),
        lambda c: keras.layers.GroupQueryAttention(
            3, 3, 1, kernel_constraint=c, **GATED
        ),
    ],
    ids=["multi-head", "group-query"],
)
def test_attention_tells_the_projections_apart(make):
    # Three features, heads and head dimensions: shapes tell nothing.
    constraint = IncomingMaxNorm(0.5, "attention")
    layer = make(constraint)
    layer.build((None, 4, 3), (None, 4, 3))
    layer.set_weights([np.full(w.shape, 7.0) for w in layer.weights])
    kernels = [w for w in layer.weights if w.name == "kernel"]
    norms = {w.path.split("/")[-2]: unit_norms(w, constraint) for w in kernels}
    gate = {"gate"} if GATED else set()
    assert set(norms) == {"query", "key", "value", "attention_output"} | gate
    np.testing.assert_allclose(np.concatenate([*norms.values()]), 0.5, 1e-5)


def unit_norms(kernel, constraint):
    squares = np.square(to_numpy(constraint(kernel)))
    is_output = "attention_output" in kernel.path
    return np.sqrt(squares.sum((0, 1) if is_output else 0)).ravel()


@pytest.mark.parametrize(
    "weight",
    [keras.ops.ones((3, 3, 3)), keras.Variable(np.ones((3, 3)), name="query")],
    ids=["a tensor", "a variable of no projection"],
)
def test_attention_refuses_what_is_no_projection(weight):
    with pytest.raises(ValueError, match=r"(?s)Received: path.*`Chain`"):
        IncomingMaxNorm(1.0, "attention")(weight)


@pytest.mark.parametrize(
    "kernel",
    [
        "standard",
        "depthwise",
        "transposed",
        "attention",
        (0, 2),
        (np.int64(0), np.int32(2)),
    ],
    ids=repr,
)
def test_it_comes_back_from_its_configuration(kernel):
    config = keras.constraints.serialize(IncomingMaxNorm(3, kernel))
    json.dumps(config)  # as `save` writes it
    assert config["registered_name"] == "keras_trainkit>IncomingMaxNorm"
    copy = keras.constraints.deserialize(config)
    assert (copy.max_value, copy.kernel) == (3, kernel)


@pytest.mark.parametrize(
    "arguments, error, name",
    [
        ({"max_value": 0.0}, ValueError, "max_value"),
        ({"max_value": -1}, ValueError, "max_value"),
        ({"max_value": float("nan")}, ValueError, "max_value"),
        ({"max_value": float("inf")}, ValueError, "max_value"),
        ({"max_value": "2"}, TypeError, "max_value"),
        ({"max_value": True}, TypeError, "max_value"),
        ({"kernel": "conv"}, ValueError, "kernel"),
        ({"kernel": 0}, TypeError, "kernel"),
        ({"kernel": (0, 1.5)}, TypeError, "kernel"),
        ({"kernel": np.array([0])}, TypeError, "kernel"),
        ({"max_value": np.array([1.0])}, TypeError, "max_value"),
    ],
    ids=str,
)
def test_bad_arguments_are_refused(arguments, error, name):
    with pytest.raises(error, match=f"Received: {name}="):
        IncomingMaxNorm(**arguments)

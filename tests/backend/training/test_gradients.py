"""Loss and gradients of one batch, against float64 by hand."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.training.gradients import LossAndGradients
from tests.helpers.arrays import to_numpy
from tests.helpers.fit_state import changes
from tests.helpers.fit_state import fit_state
from tests.helpers.models import FEATURES
from tests.helpers.models import SubclassedMLP
from tests.helpers.models import linear_model
from tests.helpers.models import mlp
from tests.helpers.models import regression_data

X, Y = regression_data(16)


def by_hand(model, x, y, weights=None, decay=0.0):
    """MSE of a tanh network, with an L2 penalty on its first kernel."""
    kernel, bias, top, offset = (w.astype("f8") for w in model.get_weights())
    weights = np.ones(len(x)) if weights is None else weights
    hidden = np.tanh(x @ kernel + bias)
    error = (hidden @ top + offset - y)[:, 0]
    loss = np.mean(weights * error**2) + decay * np.sum(kernel**2)
    slope = (2 * weights * error / len(x))[:, None]
    below = slope @ top.T * (1 - hidden**2)
    return loss, [
        x.T @ below + 2 * decay * kernel,
        below.sum(axis=0),
        hidden.T @ slope,
        slope.sum(axis=0),
    ]


def assert_agree(computed, expected, rtol=1e-4):
    loss, gradients = expected
    assert computed.loss == pytest.approx(loss, rel=rtol)
    for found, wanted in zip(computed.gradients, gradients, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=rtol, atol=rtol / 10)


@pytest.fixture
def net():
    model = mlp()
    model.layers[0].kernel.regularizer = keras.regularizers.L2(0.1)
    model.compile("adam", "mse", metrics=["mae"])
    return model


def test_the_loss_its_penalty_and_the_gradients(net):
    weights = np.linspace(0, 2, len(X))
    found = LossAndGradients(net)(X.astype("f8"), Y, weights)
    assert_agree(found, by_hand(net, X, Y, weights, decay=0.1))
    kernel = net.get_weights()[0]
    assert found.penalty == pytest.approx(0.1 * np.sum(kernel**2), rel=1e-5)


def test_new_weights_count_and_others_stand_in(net):
    compute = LossAndGradients(net)
    compute(X, Y)
    own = net.get_weights()
    others = [np.full(w.shape, 0.1, "float32") for w in own]
    found = compute(X, Y, weights=others)
    net.set_weights(others)
    assert_agree(found, by_hand(net, X, Y, decay=0.1))
    assert_agree(compute(X, Y), by_hand(net, X, Y, decay=0.1))


def test_what_trains_may_change(net):
    compute = LossAndGradients(net)
    compute(X, Y)
    net.layers[0].trainable = False
    loss, gradients = by_hand(net, X, Y)
    assert_agree(compute(X, Y), (loss, gradients[2:]))
    net.trainable = False
    assert compute(X, Y).gradients == []


def test_a_subclassed_model_by_finite_differences():
    keras.utils.set_random_seed(0)
    model = SubclassedMLP()
    model(X)
    model.compile("sgd", keras.losses.Huber(0.5))
    compute = LossAndGradients(model)
    values = [to_numpy(v.value) for v in compute.variables]
    gradients = compute(X, Y).gradients
    step = 1e-2
    for place, value in enumerate(values):
        moved = np.random.default_rng(place).normal(size=value.shape)
        up, down = (
            compute(
                X, Y, weights=[*values[:place], v, *values[place + 1 :]]
            ).loss
            for v in (value + step * moved, value - step * moved)
        )
        expected = np.sum(gradients[place] * moved)
        assert (up - down) / (2 * step) == pytest.approx(expected, abs=2e-3)


def two_of_each():
    a, b = keras.Input((2,), name="a"), keras.Input((3,), name="b")
    both = keras.layers.Concatenate()([a, b])
    outputs = {
        "one": keras.layers.Dense(1, name="one")(both),
        "two": keras.layers.Dense(2, name="two")(b),
    }
    model = keras.Model({"a": a, "b": b}, outputs)
    model.compile(
        "sgd", {"one": "mse", "two": "mse"}, loss_weights={"one": 1, "two": 3}
    )
    return model


def test_several_inputs_and_outputs():
    model = two_of_each()
    rng = np.random.default_rng(0)
    x = {"a": rng.normal(size=(5, 2)), "b": rng.normal(size=(5, 3))}
    y = {"one": rng.normal(size=(5, 1)), "two": rng.normal(size=(5, 2))}
    computed = LossAndGradients(model)(x, y)
    both = np.concatenate([x["a"], x["b"]], axis=1)
    expected, loss = {}, 0.0
    for name, inputs, weight in (("one", both, 1), ("two", x["b"], 3)):
        kernel, bias = model.get_layer(name).get_weights()
        error = inputs @ kernel + bias - y[name]
        loss += weight * np.mean(error**2)
        slope = 2 * weight * error / error.size
        expected[name] = [inputs.T @ slope, slope.sum(axis=0)]
    layers = [v.path.split("/")[-2] for v in model.trainable_variables]
    ordered = [
        part for name in dict.fromkeys(layers) for part in expected[name]
    ]
    assert_agree(computed, (loss, ordered))


def test_a_weight_that_is_not_used_has_zeros():
    embedding = keras.layers.Embedding(7, 2)
    x = keras.Input((3,), dtype="int32")
    model = keras.Model(x, keras.layers.Dense(1)(embedding(x)[:, 0]))
    unused = model.add_weight(shape=(2,), initializer="ones", name="unused")
    model.compile("sgd", "mse")
    compute = LossAndGradients(model)
    found = compute(np.array([[1, 2, 3]]), np.ones((1, 1))).gradients
    by_variable = dict(zip(map(id, compute.variables), found, strict=True))
    np.testing.assert_array_equal(by_variable[id(unused)], np.zeros(2))
    slope = by_variable[id(embedding.embeddings)]
    assert np.flatnonzero(slope.any(axis=1)).tolist() == [1]


def mixed(scale):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((FEATURES,)), keras.layers.Dense(1, dtype="mixed_float16")]
    )
    optimizer = keras.optimizers.LossScaleOptimizer(
        keras.optimizers.SGD(), initial_scale=scale
    )
    model.compile(optimizer, "mse")
    return model


SCALES = {"small gradients": (1e-4, 2.0**15), "an overflow": (1.0, 2.0**40)}


@pytest.mark.parametrize("size, scale", SCALES.values(), ids=SCALES)
def test_the_loss_scale_is_used_and_divided_out(size, scale):
    model = mixed(scale)
    model.set_weights([np.zeros((FEATURES, 1)), np.zeros(1)])
    y = (size * Y).astype("float32")
    found = LossAndGradients(model)(X, y)
    slope = -2 * y / len(y)
    expected = np.mean(y**2), [X.T @ slope, slope.sum(axis=0)]
    assert_agree(found, expected, rtol=1e-2)
    assert np.all(found.gradients[0] != 0)


def everything():
    layers = [
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.3, seed=1),
        keras.layers.Dense(1),
    ]
    model = keras.Sequential([keras.Input((FEATURES,)), *layers])
    model.compile(keras.optimizers.Adam(0.1), "mse", metrics=["mae"])
    return model


class Failing(keras.layers.Layer):
    fails = False

    def call(self, inputs):
        if self.fails:
            raise RuntimeError("on purpose")
        return inputs


def test_nothing_that_keras_holds_is_changed():
    model = everything()
    before = fit_state(model)
    LossAndGradients(model)(X, Y)
    # Without a seed torch's dropout draws from the global generator.
    assert set(changes(before, fit_state(model))) <= {"torch"}
    assert all(getattr(v.value, "grad", None) is None for v in model.variables)


def test_after_an_error_all_is_as_before():
    layer = Failing()
    model = keras.Sequential([keras.Input((FEATURES,)), layer])
    model.add(keras.layers.Dense(1))
    model.compile("sgd", "mse", metrics=["mae"])
    before = fit_state(model)
    layer.fails = True
    with pytest.raises(RuntimeError, match="on purpose"):
        LossAndGradients(model)(X, Y)
    assert not changes(before, fit_state(model))
    assert not model._compile_loss.built


class OwnStep(SubclassedMLP):
    def train_step(self, *args):
        return super().train_step(*args)


def built(model, **options):
    model(X)
    if options:
        model.compile("sgd", **options)
    return model


@pytest.mark.parametrize(
    "make, expected",
    [
        (lambda: SubclassedMLP(), "built"),
        (lambda: built(SubclassedMLP()), "compiled"),
        (lambda: built(OwnStep(), loss="mse"), "train_step"),
    ],
    ids=["not built", "not compiled", "its own step"],
)
def test_what_has_no_loss_is_refused(make, expected):
    with pytest.raises(ValueError, match=expected):
        LossAndGradients(make())


def test_compiled_without_a_loss_is_refused():
    model = mlp()
    model.compile("sgd", loss=None)
    with pytest.raises(ValueError, match="compiled with a loss"):
        LossAndGradients(model)(X, Y)


def test_run_eagerly_is_the_same():
    model = linear_model()
    model.compile("sgd", "mse", run_eagerly=True)
    kernel, bias = model.get_weights()
    slope = 2 * (X @ kernel + bias - Y) / len(X)
    loss = np.mean((X @ kernel + bias - Y) ** 2)
    found = LossAndGradients(model)(X, Y)
    assert_agree(found, (loss, [X.T @ slope, slope.sum(axis=0)]))

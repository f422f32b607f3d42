"""Fixup: what is scaled, what is zero, and what is refused."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.initializers.fixup import FixupBranch
from tests.helpers.arrays import to_numpy

L = keras.layers
X = np.random.default_rng(0).normal(size=(16, 8)).astype("float32")


def dense(name, units=8, **options):
    return L.Dense(units, name=name, **options)


def residual(blocks=4, depth=2, plus=L.Add):
    """`blocks` branches of `depth` layers, a stem, a projection and a head."""
    inputs = keras.Input((8,))
    x = dense("stem")(inputs)
    for block in range(blocks):
        h = x
        for layer in range(depth):
            h = L.ReLU()(h)
            h = dense(f"b{block}_{layer}", bias_initializer="ones")(h)
        x = plus(name=f"add_{block}")([x, h]) if plus else x + h
    outputs = dense("head", 3, activation="softmax")(L.ReLU()(x))
    return keras.Model(inputs, outputs, name="model")


def stds(model, paths):
    return [to_numpy(model.get_layer(path).kernel).std() for path in paths]


ELSEWHERE = pytest.mark.one_backend


@pytest.mark.parametrize(
    ("blocks", "depth"),
    [
        (4, 2),
        pytest.param(16, 3, marks=ELSEWHERE),
        pytest.param(5, 1, marks=ELSEWHERE),
    ],
)
def test_inner_layers_are_scaled_and_last_ones_zero(blocks, depth):
    model = residual(blocks, depth)
    found = ktk.initializers.fixup(model)
    assert len(found.branches) == blocks
    factor = 1.0 if depth == 1 else blocks ** (-1 / (2 * depth - 2))
    first = found.branches[0]
    assert first == FixupBranch(
        "add_0", [f"b0_{i}" for i in range(depth)], pytest.approx(factor)
    )
    inner = [p for one in found.branches for p in one.layers[:-1]]
    kernels = [to_numpy(model.get_layer(p).kernel) for p in inner]
    if kernels:
        # He's: sqrt(2 / 8); 64 values in each.
        assert np.std(kernels) == pytest.approx(factor * 0.5, rel=0.15)
    assert stds(model, [one.layers[-1] for one in found.branches]) == [0] * (
        blocks
    )
    assert found.heads == ["head"] and stds(model, ["head"]) == [0]
    assert found.others == ["stem"]
    assert stds(model, ["stem"])[0] == pytest.approx(0.5, rel=0.3)
    biases = [v for v in model.weights if v.name == "bias"]
    assert not any(to_numpy(v.value).any() for v in biases)


@pytest.mark.one_backend
def test_the_network_begins_as_its_skip_connections():
    model = residual(6, 2)
    ktk.initializers.fixup(model)
    inner = keras.Model(model.input, model.get_layer("add_5").output)
    np.testing.assert_allclose(
        to_numpy(inner(X)),
        X @ to_numpy(model.get_layer("stem").kernel),
        rtol=1e-4,
        atol=1e-5,
    )


@pytest.mark.one_backend
def test_twice_is_as_once():
    model = residual()
    seeded = keras.initializers.HeNormal(seed=4)
    ktk.initializers.fixup(model, seeded)
    before = model.get_weights()
    ktk.initializers.fixup(model, seeded)
    np.testing.assert_equal(model.get_weights(), before)


def convolutions():
    inputs = keras.Input((8, 8, 3))
    x = L.Conv2D(4, 3, padding="same", name="stem")(inputs)
    h = L.SeparableConv2D(8, 3, strides=2, padding="same", name="one")(x)
    h = ktk.layers.ScalarAffine(name="affine")(h)
    h = L.PReLU(name="prelu")(h)
    h = L.Conv2D(8, 3, padding="same", name="two")(h)
    skip = L.Conv2D(8, 1, strides=2, name="project")(x)
    x = L.Dropout(0.1)(h) + skip
    x = L.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, L.Dense(2, name="head")(x), name="model")


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__(name="model")
        self.head = dense("head", 1)
        self.block = keras.Sequential(
            [dense("one", activation="relu"), dense("two")], name="block"
        )

    def call(self, x):
        return self.head(x + self.block(x))


def subclassed():
    model = Subclassed()
    model(X)
    return model


def nested():
    inner = residual(2, 2, plus=None)
    inputs = keras.Input((8,))
    return keras.Model(inputs, inner(inputs), name="outer")


FORMS = {
    "convolutions, a projection": (
        convolutions,
        [["one", "two"]],
        1.0,
        ["stem", "project"],
    ),
    "subclassed, a block": (subclassed, [["block/one", "block/two"]], 1.0, []),
    "nested, plus signs": (
        nested,
        [[f"model/b{i}_0", f"model/b{i}_1"] for i in range(2)],
        2**-0.5,
        ["model/stem"],
    ),
}


@pytest.mark.one_backend
@pytest.mark.parametrize("form", FORMS)
def test_branches_are_found_in(form):
    make, layers, factor, others = FORMS[form]
    found = ktk.initializers.fixup(make())
    assert [one.layers for one in found.branches] == layers
    assert found.branches[0].factor == pytest.approx(factor)
    assert found.others == others
    assert [p.rpartition("/")[2] for p in found.heads] == ["head"]


def shared_between():
    inputs = keras.Input((8,))
    both = dense("both")
    x = L.Add()([inputs, both(L.ReLU()(dense("one")(inputs)))])
    x = L.Add()([x, dense("two")(both(x))])
    return keras.Model(inputs, x, name="model")


def around():
    inputs = keras.Input((8,))
    h = dense("one")(inputs)
    h = h * dense("gate", activation="sigmoid")(h)
    return keras.Model(inputs, L.Add(name="add")([inputs, h]), name="model")


def undecided():
    inputs = keras.Input((8,))
    x = dense("one")(inputs) + dense("two")(inputs)
    return keras.Model(inputs, x, name="model")


def one_in_another():
    inputs = keras.Input((8,))
    h = dense("one")(inputs)
    h = h + dense("two")(h)
    return keras.Model(inputs, inputs + dense("three")(h), name="model")


def with_layer(layer):
    inputs = keras.Input((8,))
    h = dense("two")(layer(dense("one")(inputs)))
    return keras.Model(inputs, L.Add(name="add")([inputs, h]), name="model")


def frozen():
    model = residual(1)
    model.get_layer("b0_0").trainable = False
    return model


REFUSED = {
    "no branch": (lambda: residual(0), "with a residual branch"),
    "normalised": (lambda: with_layer(L.BatchNormalization()), "normalisation"),
    "shared by unlike places": (shared_between, "'both' is shared"),
    "a way around": (around, "a way around 'gate'"),
    "undecided": (undecided, "each input has 1"),
    "one in another": (one_in_another, "holds another"),
    "frozen": (frozen, "is frozen"),
    "unknown weights": (
        lambda: with_layer(
            keras.Sequential([L.Reshape((8, 1)), L.LSTM(8, name="lstm")])
        ),
        "LSTM 'lstm'",
    ),
}


@pytest.mark.one_backend
@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_done_is_refused(case):
    make, said = REFUSED[case]
    model = make()
    before = model.get_weights()
    with pytest.raises(ValueError, match=said):
        ktk.initializers.fixup(model)
    np.testing.assert_equal(model.get_weights(), before)


@pytest.mark.one_backend
def test_sums_of_separate_towers_are_no_residual_branches():
    a, b = keras.Input((8,)), keras.Input((8,))
    both = L.Add(name="towers")([dense("left")(a), dense("right")(b)])
    x = L.Add(name="residual")([both, dense("branch")(both)])
    model = keras.Model([a, b], dense("head", 1)(x))
    found = ktk.initializers.fixup(model)
    assert [one.join for one in found.branches] == ["residual"]
    assert found.others == ["left", "right"]


@pytest.mark.one_backend
def test_a_deep_network_keeps_its_signal_and_learns():
    model = residual(12, 2)
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    y = (X[:, 0] > 0).astype("int32")
    ktk.initializers.fixup(model)
    losses = model.fit(X, y, epochs=6, verbose=0).history["loss"]
    assert losses[0] == pytest.approx(np.log(3), rel=1e-3)
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.one_backend
def test_a_model_that_is_not_built_is_refused():
    with pytest.raises(ValueError, match="built"):
        ktk.initializers.fixup(keras.Sequential([L.Dense(1)]))

"""Refreshed statistics against float64 passes over all of the data."""

from inspect import signature

import keras
import numpy as np
import pytest

from keras_trainkit.batch_norm import refresh
from keras_trainkit.batch_norm import repeated_batches
from tests.helpers.arrays import to_numpy
from tests.helpers.batch_norms import Recording
from tests.helpers.batch_norms import assert_refreshed
from tests.helpers.batch_norms import compiled
from tests.helpers.batch_norms import statistics

layers = keras.layers
RNG = np.random.default_rng(0)
# Far from 0, where sums of squares would lose digits.
X = (RNG.normal(size=(53, 4)) * 3 + 50).astype("float32")
IMAGES = RNG.normal(size=(21, 6, 6, 3)).astype("float32") + 5
STEPS = RNG.normal(size=(19, 5, 3)).astype("float32")
STEPS[::2, 3:] = 0
STEPS[4] = 0


def chain():
    return keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(6, "relu"),
            Recording(name="first"),
            layers.Dropout(0.5),
            layers.Dense(5, "tanh"),
            Recording(name="second", center=False, scale=False),
            layers.Dense(1),
        ]
    )


def replay(model, x):
    """The chain in float64 NumPy, with statistics of its own."""
    first, norm, _, second, *_ = model.layers
    x = x.astype("float64")
    h = np.maximum(x @ to_numpy(first.kernel) + to_numpy(first.bias), 0)
    found = [(h.mean(0), h.var(0))]
    h = (h - h.mean(0)) / np.sqrt(h.var(0) + norm.epsilon)
    h = h * to_numpy(norm.gamma) + to_numpy(norm.beta)
    h = np.tanh(h @ to_numpy(second.kernel) + to_numpy(second.bias))
    return [*found, (h.mean(0), h.var(0))]


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    model = compiled(chain())
    model.layers[1].gamma.assign(RNG.normal(size=6))
    return model


def test_a_chain_is_that_of_numpy_and_nothing_else_changes(model):
    before = [to_numpy(v) for v in model.trainable_variables]
    draws = np.random.get_state()[1].copy()
    assert refresh(model, X, batch_size=16, verbose=0) == ["first", "second"]
    for (mean, variance), (m, v) in zip(
        replay(model, X), statistics(model).values(), strict=True
    ):
        np.testing.assert_allclose(m, mean, 1e-5, 1e-5)
        np.testing.assert_allclose(v, variance, 1e-5)
    after = [to_numpy(v) for v in model.trainable_variables]
    np.testing.assert_equal(after, before)
    np.testing.assert_equal(np.random.get_state()[1], draws)


class Dies(keras.utils.PyDataset):
    def __len__(self):
        return 2

    def __getitem__(self, index):
        if index:
            raise OSError("the disk is gone")
        return X[:4]


def test_an_exception_puts_the_old_statistics_back(model):
    before = statistics(model)
    with pytest.raises(OSError, match="disk"):
        refresh(model, Dies(), verbose=0)
    np.testing.assert_equal(statistics(model), before)
    broken = model.layers[3].bias
    value = to_numpy(broken)
    with pytest.raises(ValueError, match="second"):
        try:
            broken.assign(np.full(5, np.nan))
            refresh(model, X, verbose=0)
        finally:
            broken.assign(value)
    np.testing.assert_equal(statistics(model), before)


def branched():
    """Nested, shared, skipped over, masked by `trainable`, several inputs."""
    encoder = keras.Sequential(
        [
            keras.Input((6, 6, 3)),
            layers.Conv2D(4, 3, padding="same", use_bias=False),
            Recording(name="shared"),
            layers.ReLU(),
        ],
        name="encoder",
    )
    a, b = keras.Input((6, 6, 3), name="a"), keras.Input((6, 6, 3), name="b")
    left = Recording(name="left")(encoder(a))
    joined = layers.Concatenate()([left, encoder(b), a])
    frozen = layers.BatchNormalization(name="frozen", trainable=False)
    h = layers.Conv2D(4, 1)(frozen(layers.Normalization(name="norm")(joined)))
    h = layers.Permute((3, 1, 2))(h)
    h = Recording(name="axis_1", axis=1)(h)
    pooled = layers.GlobalMaxPooling2D(data_format="channels_first")(h)
    outputs = layers.Dense(1)(Recording(name="last")(pooled))
    return keras.Model({"a": a, "b": b}, outputs)


def test_graphs_of_all_kinds():
    keras.utils.set_random_seed(2)
    model = compiled(branched())
    x = {"a": IMAGES, "b": IMAGES * 2}
    others = [
        *model.get_layer("frozen").weights,
        *model.get_layer("norm").weights,
    ]
    before = [to_numpy(v) for v in others]
    paths = refresh(model, x, batch_size=8, verbose=0)
    assert sorted(paths) == ["axis_1", "encoder/shared", "last", "left"]
    assert_refreshed(model, x)
    np.testing.assert_equal([to_numpy(v) for v in others], before)


class Subclassed(keras.Model):
    """A chain and a branch; one layer is called twice, one never."""

    def __init__(self):
        super().__init__()
        self.late = Recording(name="late")
        self.twice = Recording(name="twice")
        self.never = Recording(name="never")
        self.dense = layers.Dense(4, "relu")

    def build(self, shape):
        for layer in (self.late, self.twice, self.never, self.dense):
            layer.build(shape)

    def call(self, x, training=False):
        h = self.twice(self.dense(x), training=training)
        if training:
            h = self.never(h, training=training)
        again = self.twice(x + 1, training=training)
        return self.late(h * again, training=training)


def recurrent():
    """A layer behind itself: the statistics depend on themselves."""
    inputs = keras.Input((4,))
    norm, dense = Recording(name="again"), layers.Dense(4, "tanh")
    h = norm(inputs)
    for _ in range(2):
        h = norm(layers.Add()([layers.Rescaling(0.1)(dense(h)), inputs]))
    return keras.Model(inputs, layers.Dense(1)(h))


def masked():
    inputs = keras.Input((5, 3))
    steps = layers.Masking()(inputs)
    h = Recording(name="one")(steps)
    h = layers.TimeDistributed(layers.Dense(2))(h)
    return keras.Model(inputs, Recording(name="two")(h))


def over_time():
    return keras.Sequential(
        [
            keras.Input((5, 3)),
            layers.TimeDistributed(Recording(name="each")),
            Recording(name="all"),
        ]
    )


FORMS = {
    "subclassed": (Subclassed, X, ["late", "twice"]),
    "behind itself": (recurrent, X, ["again"]),
    "masked": (masked, STEPS, ["one", "two"]),
    "over time": (over_time, STEPS, ["all", "time_distributed/each"]),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms(form):
    make, x, expected = FORMS[form]
    keras.utils.set_random_seed(3)
    model = compiled(make(), traced=form == "subclassed")
    model(keras.ops.convert_to_tensor(x[:1]))
    paths = refresh(model, x, batch_size=10, verbose=0)
    assert [p.rpartition("/")[2] for p in sorted(paths)] == [
        p.rpartition("/")[2] for p in expected
    ]
    assert_refreshed(model, x, [p.rpartition("/")[2] for p in paths])


def generator():
    yield from ((X[:20], None), (X[20:40], None), (X[40:], None))


class Sequence(keras.utils.PyDataset):
    def __len__(self):
        return 3

    def __getitem__(self, index):
        rows = X[20 * index : 20 * index + 20]
        return rows, np.zeros(len(rows))


def loader():
    torch = pytest.importorskip("torch")
    data = torch.utils.data.TensorDataset(torch.tensor(X))
    return torch.utils.data.DataLoader(
        data, 20, shuffle=True, generator=torch.Generator().manual_seed(1)
    )


def dataset():
    tf = pytest.importorskip("tensorflow")
    return tf.data.Dataset.from_tensor_slices((X, X[:, 0])).batch(20)


DATA = {
    "generator": generator,
    "PyDataset": Sequence,
    "DataLoader": loader,
    "tf.data": dataset,
}


@pytest.fixture(scope="module")
def uncompiled():
    keras.utils.set_random_seed(4)
    return compiled(chain(), traced=False)


@pytest.mark.one_backend
@pytest.mark.filterwarnings("ignore:Your input ran out of data")
@pytest.mark.parametrize("kind", DATA)
def test_data_of_any_kind(uncompiled, kind, capsys):
    model = uncompiled
    refresh(model, X, batch_size=20, verbose=0)
    expected = statistics(model)
    for layer in model.layers[1], model.layers[4]:
        layer.moving_mean.assign(np.full(layer.moving_mean.shape, 7.0))
    data = DATA[kind]()
    refresh(model, data)
    for name, pair in statistics(model).items():
        np.testing.assert_allclose(pair, expected[name], 1e-5)
    assert "6/6" in capsys.readouterr().out or kind == "generator"
    if kind == "DataLoader":
        # It will shuffle for `fit` as if it had not been read.
        states = [one.generator.get_state() for one in (data, loader())]
        np.testing.assert_equal(*map(to_numpy, states))


@pytest.mark.one_backend
def test_only_so_many_batches(uncompiled):
    refresh(uncompiled, X, batch_size=20, steps=1, verbose=0)
    assert_refreshed(uncompiled, X[:20])


@pytest.mark.parametrize(
    "dtype", ["mixed_float16", "mixed_bfloat16", "float64"]
)
@pytest.mark.filterwarnings("ignore:Explicitly requested dtype")
def test_other_dtypes(dtype):
    inputs = keras.Input((4,))
    h = layers.Dense(3, dtype=dtype)(inputs)
    model = keras.Model(inputs, Recording(dtype=dtype, name="n")(h))
    refresh(compiled(model, traced=False), X * 100, verbose=0)
    assert_refreshed(model, X * 100)


@pytest.mark.one_backend
def test_what_does_not_fit_into_memory_is_computed_again(monkeypatch):
    monkeypatch.setattr(repeated_batches, "MEMORY_LIMIT", 0)
    model = compiled(chain(), traced=False)
    refresh(model, X, verbose=0)
    assert_refreshed(model, X)


@pytest.mark.skipif(
    "renorm" not in signature(layers.BatchNormalization).parameters,
    reason="this Keras has no batch renormalisation",
)
def test_batch_renormalisation_goes_on_from_the_new_variance():
    layer = layers.BatchNormalization(renorm=True)
    model = keras.Sequential([keras.Input((4,)), layer])
    compiled(model, traced=False)
    refresh(model, X, verbose=0)
    variance = X.astype("float64").var(0)
    np.testing.assert_allclose(to_numpy(layer.moving_variance), variance, 1e-5)
    deviation = np.sqrt(variance + layer.epsilon)
    np.testing.assert_allclose(to_numpy(layer.moving_stddev), deviation, 1e-5)


def without():
    return keras.Sequential([keras.Input((4,)), layers.Dense(1)])


def frozen():
    model = chain()
    model.trainable = False
    return model


def unbuilt():
    return keras.Sequential([layers.BatchNormalization()])


class Cell(layers.SimpleRNNCell):
    """With a normalisation in the loop over time, which may be compiled."""

    def build(self, shape):
        super().build(shape)
        self.norm = Recording(name="inner")
        self.norm.build(shape)

    def call(self, x, states, training=False):
        x = self.norm(x, training=training)
        return super().call(x, states, training=training)


def test_a_compiled_loop_is_refused():
    loop = [keras.Input((5, 3)), layers.RNN(Cell(2))]
    model = compiled(keras.Sequential(loop))
    if keras.backend.backend() == "torch":
        # It loops in Python.
        refresh(model, STEPS, verbose=0)
        assert_refreshed(model, STEPS)
        return
    before = statistics(model)
    with pytest.raises(ValueError, match=r"'inner'.*loop"):
        refresh(model, STEPS, verbose=0)
    np.testing.assert_equal(statistics(model), before)


BAD = {
    "none": (without, {}, ValueError, "nothing to refresh"),
    "frozen": (frozen, {}, ValueError, "not frozen"),
    "unbuilt": (unbuilt, {}, ValueError, "built"),
    "no model": (lambda: "a model", {}, TypeError, "keras.Model"),
    "batch size": (chain, {"batch_size": 0}, ValueError, "batch_size"),
    "steps": (chain, {"steps": 1.5}, TypeError, "steps"),
    "verbose": (chain, {"verbose": "no"}, ValueError, "verbose"),
    "no data": (chain, {"data": X[:0]}, ValueError, "no batch"),
}


@pytest.mark.one_backend
@pytest.mark.parametrize("bad", BAD)
def test_bad_input_is_an_error(bad):
    make, arguments, kind, words = BAD[bad]
    with pytest.raises(kind, match=words):
        refresh(make(), **{"data": X, "verbose": 0, **arguments})

import inspect

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.models.paths import walk
from keras_trainkit.uncertainty.conversion import from_mc
from keras_trainkit.uncertainty.conversion import to_mc
from tests.helpers.arrays import to_numpy
from tests.models import zoo

layers = keras.layers
PAIRS = {
    layers.AlphaDropout: ktk.layers.MCAlphaDropout,
    layers.Dropout: ktk.layers.MCDropout,
    layers.GaussianDropout: ktk.layers.MCGaussianDropout,
    layers.SpatialDropout1D: ktk.layers.MCSpatialDropout1D,
    layers.SpatialDropout2D: ktk.layers.MCSpatialDropout2D,
    layers.SpatialDropout3D: ktk.layers.MCSpatialDropout3D,
}
ARGUMENTS = {
    "noise_shape": (None, 1),
    "data_format": "channels_first",
    "seed": 7,
    "name": "drop",
    "dtype": "mixed_float16",
}
X = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")


class Wide(layers.Dropout):
    """A user's dropout."""


class WideMC(ktk.layers.MCDropout):
    """A user's Monte Carlo dropout."""


@keras.saving.register_keras_serializable(package=zoo.PACKAGE)
class Inside(layers.Layer):
    """A user's layer that holds a dropout layer."""

    def __init__(self, drop=None, **kwargs):
        super().__init__(**kwargs)
        self.drop = drop or layers.Dropout(0.5, name="drop")

    def call(self, x):
        return self.drop(x)


def everything():
    """Two inputs, two outputs; nested, shared, frozen; all kinds of state."""
    left, right = (
        keras.Input((4,), name="left"),
        keras.Input((4,), name="right"),
    )
    inner = keras.Sequential(
        [
            keras.Input((4,)),
            zoo.dense(4, "one"),
            layers.BatchNormalization(name="norm"),
            layers.GaussianDropout(0.3, name="noise"),
        ],
        name="inner",
    )
    inner.trainable = False
    drop = layers.Dropout(0.5, seed=3, name="drop")
    both = drop(inner(left)), drop(inner(right))
    total = layers.Add(name="add")(both)
    total = layers.AlphaDropout(0.2, name="alpha")(keras.ops.tanh(total))
    outputs = {
        "a": zoo.dense(3, "a", activation="softmax")(total),
        "b": zoo.dense(1, "b")(layers.Activation("relu", name="act")(both[0])),
    }
    model = keras.Model({"left": left, "right": right}, outputs, name="model")
    rng = np.random.default_rng(1)
    for v in model.variables:
        v.assign(rng.integers(1, 9, v.shape).astype(v.dtype))
    model.get_layer("b").trainable = False
    model.get_layer("drop").trainable = False
    model.get_layer("a").kernel.constraint = keras.constraints.NonNeg()
    return model


INPUTS = {"left": X, "right": X[::-1].copy()}


def kinds(model):
    return {path: type(layer) for path, layer in walk(model)}


def values(model):
    return [to_numpy(v.value) for v in model.variables]


def answers(model, x=X):
    return to_numpy(model.predict(x, verbose=0))


def around(layer, shape=(4,)):
    inputs = keras.Input(shape)
    return keras.Model(inputs, layer(inputs), name="model")


@pytest.mark.parametrize("there", [to_mc, from_mc])
@pytest.mark.parametrize("plain, mc", PAIRS.items(), ids=lambda c: c.__name__)
def test_each_layer_keeps_its_arguments(plain, mc, there):
    known = {*inspect.signature(plain.__init__).parameters, "name", "dtype"}
    kwargs = {k: v for k, v in ARGUMENTS.items() if k in known}
    before, after = (plain, mc) if there is to_mc else (mc, plain)
    layer = before(0.25, **kwargs)
    rank = layer.input_spec.ndim if layer.input_spec else 2
    copy = there(around(layer, (3,) * (rank - 1))).get_layer("drop")
    assert type(copy) is after
    expected = after(0.25, **kwargs).get_config()
    assert {**copy.get_config(), "dtype": None} == {**expected, "dtype": None}
    assert copy.dtype_policy.name == "mixed_float16"


def test_the_copy_has_all_that_its_original_has():
    model = everything()
    copy = to_mc(model)
    expected = {k: PAIRS.get(kind, kind) for k, kind in kinds(model).items()}
    assert kinds(copy) == expected
    assert list(PAIRS.values())[:3] == [
        kinds(copy)[path] for path in ("alpha", "drop", "inner/noise")
    ]
    np.testing.assert_equal(values(copy), values(model))
    assert [v.path for v in copy.weights] == [v.path for v in model.weights]
    assert (copy.name, sorted(copy.input), list(copy.output)) == (
        model.name,
        sorted(model.input),
        list(model.output),
    )
    flags = [[layer.trainable for _, layer in walk(m)] for m in (copy, model)]
    assert flags[0] == flags[1]
    kernel = copy.get_layer("a").kernel
    assert isinstance(kernel.constraint, keras.constraints.NonNeg)


def test_what_is_shared_stays_shared():
    copy = to_mc(everything())
    calls = [len(layer._inbound_nodes) for layer in copy.layers]
    names = [layer.name for layer in copy.layers]
    called = dict(zip(names, calls, strict=True))
    assert (called["drop"], called["inner"], called["a"]) == (2, 2, 1)
    assert len({id(layer) for layer in copy.layers}) == len(names)


def test_there_and_back_predicts_the_same_and_shares_nothing():
    model = everything()
    before, expected = values(model), answers(model, INPUTS)
    mc = to_mc(model)
    again = from_mc(mc)
    assert kinds(again) == kinds(model)
    np.testing.assert_equal(answers(again, INPUTS), expected)
    shared = {id(v) for v in model.variables} & {id(v) for v in mc.variables}
    assert not shared
    answers(mc, INPUTS)  # advances its seeds only
    np.testing.assert_equal(values(model), before)
    np.testing.assert_equal(answers(model, INPUTS), expected)


def test_the_copy_draws_in_predict_and_the_way_back_does_not():
    model = zoo.sequential()
    mc = to_mc(model)
    assert isinstance(mc, keras.Sequential)
    assert not np.array_equal(answers(mc), answers(mc))
    np.testing.assert_equal(answers(from_mc(mc)), answers(model))


def test_the_copy_draws_what_the_original_would_draw_next():
    model = around(layers.Dropout(0.5, seed=5))
    model(X, training=True)
    mc = to_mc(model)
    np.testing.assert_equal(to_numpy(mc(X)), to_numpy(model(X, training=True)))


def test_the_copy_is_not_compiled_and_the_original_stays_so():
    model = zoo.sequential()
    model.compile("sgd", loss=lambda y, p: keras.ops.mean(p))  # no config
    copy = to_mc(model)
    assert (copy.compiled, model.compiled) == (False, True)
    nested = around(model)
    nested.compile("sgd", "mse")
    assert not to_mc(nested).layers[1].compiled


def test_a_sequential_model_that_is_not_built_is_converted():
    model = keras.Sequential([layers.Dense(2), layers.Dropout(0.5)])
    copy = to_mc(model)
    assert isinstance(copy.layers[1], ktk.layers.MCDropout)
    assert copy(X).shape == (5, 2)
    assert not model.built


def test_the_copy_is_saved_and_loaded(tmp_path):
    mc = to_mc(everything())
    mc.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert kinds(loaded) == kinds(mc)


def test_dropout_that_never_drops_may_stay_inside_a_layer():
    attention = layers.MultiHeadAttention(1, 2, name="attention")
    x = keras.Input((3, 4))
    model = keras.Model(x, layers.Dropout(0.5)(attention(x, x)))
    assert to_mc(model).get_layer("attention").dropout == 0


def test_what_is_monte_carlo_already_is_copied_as_it_is():
    inputs = keras.Input((4,))
    x = WideMC(0.5, name="mc")(layers.Dropout(0.5, name="drop")(inputs))
    copy = to_mc(keras.Model(inputs, x))
    assert kinds(copy) == {"drop": ktk.layers.MCDropout, "mc": WideMC}


def attention():
    x = keras.Input((3, 4))
    return keras.Model(x, layers.MultiHeadAttention(1, 2, dropout=0.1)(x, x))


def in_subclassed():
    inner = zoo.OwnWeight(name="inner")
    return around(inner)


STAY = {
    "a subclass of dropout": lambda: around(Wide(0.5)),
    "in a layer": lambda: around(Inside()),
    "in a subclassed model": in_subclassed,
    "in TimeDistributed": lambda: around(
        layers.TimeDistributed(layers.Dropout(0.5)), (3, 4)
    ),
    "recurrent input": lambda: around(layers.LSTM(2, dropout=0.1), (3, 4)),
    "recurrent state": lambda: around(
        layers.Bidirectional(layers.GRU(2, recurrent_dropout=0.1)), (3, 4)
    ),
    "attention": attention,
}


@pytest.mark.parametrize("make", STAY.values(), ids=STAY)
def test_dropout_that_cannot_be_converted_is_refused(make):
    x = make()
    model = keras.Model(x.input, [x.output, layers.Dropout(0.5)(x.output)])
    with pytest.raises(ValueError, match=r"must be one without .*mc_predict"):
        to_mc(model)


MC_STAYS = {
    "a subclass": lambda: around(WideMC(0.5)),
    "in a layer": lambda: around(Inside(ktk.layers.MCDropout(0.5))),
}


@pytest.mark.parametrize("make", MC_STAYS.values(), ids=MC_STAYS)
def test_monte_carlo_dropout_that_cannot_be_converted_is_refused(make):
    with pytest.raises(ValueError, match="`model` must be one without"):
        from_mc(make())


@pytest.mark.parametrize("function", [to_mc, from_mc])
def test_a_model_with_nothing_to_convert_is_refused(function):
    kind = ktk.layers.MCDropout if function is to_mc else layers.Dropout
    with pytest.raises(ValueError, match="one with a layer to convert"):
        function(around(kind(0.5)))


@pytest.mark.parametrize("function", [to_mc, from_mc])
@pytest.mark.parametrize(
    "model", [zoo.subclassed(), layers.Dropout(0.5), "model"], ids=str
)
def test_what_is_no_graph_is_refused(function, model):
    with pytest.raises(TypeError, match="mc_predict"):
        function(model)

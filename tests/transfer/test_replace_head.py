import keras
import numpy as np
import pytest

from keras_trainkit.models.paths import layer_paths
from keras_trainkit.transfer.freezing import set_trainable
from keras_trainkit.transfer.replace_head import replace_head
from tests.helpers.arrays import to_numpy
from tests.models import zoo

X = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")


def linear():
    return keras.layers.Activation("linear", name="identity")


def new(units=2):
    return zoo.dense(units, "new")


def values(model):
    return to_numpy([v.value for v in model.variables])


def predicted(model, data=X):
    return to_numpy(model(data, training=False))


def trained(model):
    """Moves weights and statistics away from where they start."""
    rng = np.random.default_rng(1)
    moved = [w + rng.uniform(0.1, 0.5, w.shape) for w in model.get_weights()]
    model.set_weights(moved)
    return model


KINDS = ["sequential", "nested", "nested, frozen before", "branches", "shared"]


@pytest.mark.parametrize("copy", [True, False], ids=["copy", "shared"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_kept_computes_what_it_did(kind, copy):
    """An identity as head shows what arrives there."""
    model = trained(zoo.ZOO[kind]())
    head = model.get_layer("head")
    before = predicted(model)
    features = predicted(replace_head(model, linear(), copy=copy))
    kernel, bias = head.get_weights()
    np.testing.assert_allclose(features @ kernel + bias, before, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_leaves_the_original_as_it_was(kind):
    model = trained(zoo.ZOO[kind]())
    before, paths = values(model), layer_paths(model)
    other = replace_head(model, new(1))
    set_trainable(other, "all")
    other.compile(keras.optimizers.SGD(0.5), "mse", run_eagerly=True)
    other.fit(X, X[:, :1], verbose=0)
    np.testing.assert_equal(values(model), before)
    assert layer_paths(model) == paths
    mine = {id(v) for v in model.variables}
    assert not mine & {id(v) for v in other.variables}


def test_without_copy_the_kept_layers_are_the_original_ones():
    model = zoo.nested()
    other = replace_head(model, new(), copy=False)
    assert other.get_layer("outer") is model.get_layer("outer")
    assert predicted(model).shape == (6, 1)


@pytest.mark.parametrize(
    "head, names",
    [
        (new, ["new"]),
        (lambda: [linear(), new()], ["identity", "new"]),
        (lambda: (linear(), new()), ["identity", "new"]),
        (lambda: keras.Sequential([new()], name="inside"), ["inside"]),
    ],
    ids=["a layer", "a list", "a tuple", "a model"],
)
@pytest.mark.parametrize("kind", ["sequential", "nested"])
def test_what_a_head_can_be(kind, head, names):
    model = zoo.ZOO[kind]()
    other = replace_head(model, head())
    assert zoo.names(other.layers)[-len(names) :] == names
    assert predicted(other).shape == (6, 2)
    assert isinstance(other, keras.Sequential) == (kind == "sequential")
    assert other.name == model.name
    assert not other.compiled


@pytest.mark.parametrize(
    "drop, kept",
    [
        (0, ["hidden", "norm", "drop", "head"]),
        (np.int64(1), ["hidden", "norm", "drop"]),
        (1, ["hidden", "norm", "drop"]),
        (2, ["hidden", "norm"]),
        (3, ["hidden"]),
    ],
)
def test_how_many_layers_are_dropped(drop, kept):
    other = replace_head(zoo.sequential(), new(), drop=drop)
    assert zoo.names(other.layers) == [*kept, "new"]


def test_a_sequential_that_is_not_built_stays_open():
    model = keras.Sequential([zoo.dense(4, "hidden"), zoo.dense(1, "head")])
    other = replace_head(model, new())
    assert predicted(other).shape == (6, 2)


@pytest.mark.one_backend
@pytest.mark.parametrize(
    "arguments",
    [{"drop": "head"}, {"head": {"a": new(), "b": zoo.dense(1, "b")}}],
    ids=["by its shapes", "several outputs"],
)
def test_what_needs_shapes_needs_a_model_that_is_built(arguments):
    model = keras.Sequential([zoo.dense(4, "hidden"), zoo.dense(1, "head")])
    with pytest.raises(ValueError, match="`model` must be built"):
        replace_head(model, **{"head": new(), **arguments})


@pytest.mark.one_backend
def test_a_head_that_is_refused_is_not_built():
    images = keras.Sequential(
        [
            keras.Input((4, 4, 1)),
            keras.layers.Conv2D(2, 3),
            keras.layers.Flatten(),
            keras.layers.Dense(1),
        ]
    )
    low = zoo.dense(3, "low")
    head = [low, keras.layers.Reshape((3, 1))]
    with pytest.raises(ValueError, match=r"2 axes.*\(None, 3, 1\)"):
        replace_head(images, head, drop="head")
    assert not low.built


def test_a_sequential_built_by_data_keeps_its_weights():
    model = keras.Sequential([zoo.dense(4, "hidden"), zoo.dense(1, "head")])
    model(X)
    kernel = model.get_layer("hidden").get_weights()[0]
    np.testing.assert_allclose(
        predicted(replace_head(model, linear())), X @ kernel, atol=1e-5
    )


def test_frozen_layers_stay_frozen():
    other = replace_head(zoo.nested(frozen=True), new())
    assert [w.path for w in other.trainable_weights] == [
        "new/kernel",
        "new/bias",
    ]


def test_dtype_policies_are_kept():
    inputs = keras.Input((4,))
    hidden = zoo.dense(4, "hidden", dtype="mixed_bfloat16")
    model = keras.Model(inputs, zoo.dense(1, "head")(hidden(inputs)))
    other = replace_head(model, new())
    assert other.get_layer("hidden").dtype_policy.name == "mixed_bfloat16"


def test_the_seeds_of_random_layers_are_kept_but_not_shared():
    inputs = keras.Input((4,))
    x = keras.layers.Dropout(0.5, seed=3, name="drop")(inputs)
    model = keras.Model(inputs, zoo.dense(1, "head")(x))
    model(X, training=True)
    other = replace_head(model, linear(), drop=0)
    first = to_numpy(other(X, training=True))
    np.testing.assert_array_equal(to_numpy(model(X, training=True)), first)


def test_several_inputs_keep_their_structure():
    inputs = {name: keras.Input((4,), name=name) for name in "ab"}
    x = keras.layers.Concatenate()([inputs["a"], inputs["b"]])
    x = zoo.dense(3, "hidden")(x)
    model = keras.Model(inputs, zoo.dense(1, "head")(x))
    other = replace_head(model, new())
    assert predicted(other, {"a": X, "b": X}).shape == (6, 2)


@pytest.mark.parametrize("copy", [True, False], ids=["copy", "shared"])
def test_a_compiled_model_is_not_compiled_anew(copy):
    def loss(y_true, y_pred):
        return keras.ops.mean(y_pred - y_true)

    model = zoo.nested()
    model.compile("sgd", loss)
    optimizer = model.optimizer
    other = replace_head(model, linear(), copy=copy)
    assert predicted(other).shape == (6, 4)
    assert not other.compiled
    assert model.compiled
    assert model.optimizer is optimizer


@pytest.mark.parametrize("copy", [True, False], ids=["copy", "shared"])
def test_the_layers_of_the_original_keep_their_one_output(copy):
    model = zoo.nested()
    outer = model.get_layer("outer")
    before = outer.output
    replace_head(model, new(), copy=copy)
    assert outer.output is before


@pytest.mark.parametrize("drop", [3, 4])
def test_several_tensors_across_the_cut_are_refused(drop):
    with pytest.raises(ValueError, match="2 do before") as refused:
        replace_head(zoo.branches(), new(), drop=drop)
    assert f"drop={drop}" in str(refused.value)


def test_arguments_of_calls_are_kept():
    inputs = keras.Input((3, 4))
    attention = keras.layers.MultiHeadAttention(1, 2, name="attention")
    x = attention(inputs, value=inputs, use_causal_mask=True)
    model = keras.Model(inputs, zoo.dense(1, "head")(x))
    other = replace_head(model, linear())
    data = X.reshape(2, 3, 4)
    changed = np.concatenate([data[:, :2], -data[:, 2:]], axis=1)
    # The future is masked: the last step does not reach the first two.
    np.testing.assert_allclose(
        predicted(other, changed)[:, :2], predicted(other, data)[:, :2]
    )


def test_the_new_model_is_saved_and_loaded(tmp_path):
    other = replace_head(zoo.nested(), new())
    other.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(predicted(loaded), predicted(other), atol=1e-6)


def two_outputs():
    inputs = keras.Input((4,))
    x = zoo.dense(4, "hidden")(inputs)
    return keras.Model(inputs, [zoo.dense(1, "a")(x), zoo.dense(1, "b")(x)])


def only_nested():
    return keras.Sequential([keras.Input((4,)), linear(), zoo.backbone()])


@pytest.mark.parametrize(
    "model, arguments, message",
    [
        (zoo.sequential, {"drop": 4}, "less than 4.*drop=4"),
        (zoo.sequential, {"drop": -1}, "at least 0"),
        (two_outputs, {}, "with a head for each output.*'a', 'b'"),
        (only_nested, {}, "replace the head of 'backbone'"),
        (zoo.branches, {"drop": 4}, "Drop fewer or more"),
        (zoo.sequential, {"head": zoo.dense(1, "norm")}, "not .'norm'."),
        (
            zoo.nested,
            {"head": [zoo.dense(1, "x"), zoo.dense(1, "x")]},
            "not .'x'.",
        ),
    ],
    ids=[
        "drops all",
        "negative",
        "several outputs",
        "keeps no weights",
        "several tensors",
        "a name that is kept",
        "a name twice",
    ],
)
def test_what_cannot_be_done_is_refused(model, arguments, message):
    model = model()
    before = values(model)
    with pytest.raises(ValueError, match=message):
        replace_head(model, **{"head": new(), **arguments})
    np.testing.assert_equal(values(model), before)


def test_a_head_of_the_model_itself_is_refused():
    model = zoo.sequential()
    with pytest.raises(ValueError, match="`model` does not hold"):
        replace_head(model, model.get_layer("head"))


@pytest.mark.parametrize(
    "model, arguments, message",
    [
        (zoo.subclassed, {}, "Sequential or functional model.*its `call`"),
        (lambda: keras.layers.Dense(1), {}, "Sequential or functional"),
        (zoo.sequential, {"head": []}, "a list of layers"),
        (zoo.sequential, {"head": "dense"}, "a list of layers"),
        (zoo.sequential, {"head": [new(), 1]}, "a list of layers"),
        (zoo.sequential, {"drop": True}, "an integer"),
        (zoo.sequential, {"drop": 1.0}, "an integer"),
        (zoo.sequential, {"copy": "no"}, "`copy` must be True or False"),
        (zoo.sequential, {"copy": None}, "`copy` must be True or False"),
    ],
)
def test_the_wrong_types_are_refused(model, arguments, message):
    with pytest.raises(TypeError, match=message):
        replace_head(model(), **{"head": new(), **arguments})

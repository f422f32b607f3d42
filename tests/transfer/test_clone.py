"""A copy that trains as its original would, and leaves it alone."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.models.paths import layer_paths
from keras_trainkit.models.paths import walk
from keras_trainkit.transfer.clone import clone
from tests.helpers.arrays import to_numpy
from tests.models import stacks
from tests.models import zoo

X = np.random.default_rng(0).normal(size=(4, 4)).astype("float32")


@keras.saving.register_keras_serializable(package=zoo.PACKAGE)
class Plain(keras.Model):
    """Subclassed, with an argument that Keras notes by itself."""

    def __init__(self, units=4, **kwargs):
        super().__init__(**kwargs)
        self.head = keras.layers.Dense(1)
        self.block = zoo.Block(units)
        self.scale = self.add_weight(shape=(), name="scale")

    def call(self, x):
        return self.head(self.block(x)) * self.scale


class OwnFunctional(keras.Model):
    """A functional model with a constructor of its own."""

    def __init__(self, units=4, **kwargs):
        self.units = units
        inputs = keras.Input((4,))
        x = keras.layers.Dense(units, name="stem")(inputs)
        outputs = keras.layers.Dense(1, name="head")(x)
        super().__init__(inputs, outputs, **kwargs)
        self.stem = self.get_layer("stem")

    def get_config(self):
        return {"units": self.units, "name": self.name}


def plain():
    model = Plain(4, name="plain")
    model(X)
    return model


def noisy():
    return keras.Sequential(
        [
            keras.Input((4,)),
            zoo.dense(4, "hidden"),
            keras.layers.BatchNormalization(),
            keras.layers.GaussianNoise(0.1, seed=1),
            zoo.dense(1, "head"),
        ]
    )


MODELS = {
    "sequential": noisy,
    "nested, frozen before": lambda: zoo.nested(frozen=True),
    "shared": zoo.shared,
    "block": zoo.block,
    "subclassed": plain,
    "functional, own constructor": OwnFunctional,
}
OVER_TIME = {"bidirectional": zoo.bidirectional, "stack": stacks.transformer}


def values(thing):
    return to_numpy([v.value for v in thing.variables])


def fit(model):
    model.fit(X, X[:, :1], batch_size=2, shuffle=False, verbose=0)


def compiled(model, optimizer=None, eager=True):
    model.compile(
        optimizer or keras.optimizers.SGD(0.05, momentum=0.9),
        "mse",
        metrics=[keras.metrics.MeanAbsoluteError(name="mae")],
        run_eagerly=eager,
    )
    return model


@pytest.mark.parametrize("kind", ["sequential", "shared", "subclassed"])
def test_a_copy_trains_as_its_original_would(kind):
    model = compiled(MODELS[kind]())
    fit(model)
    before, slots = values(model), values(model.optimizer)
    copy = clone(model)
    np.testing.assert_equal(values(copy), before)
    np.testing.assert_equal(values(copy.optimizer), slots)
    fit(copy)
    np.testing.assert_equal(values(model), before)
    np.testing.assert_equal(values(model.optimizer), slots)
    fit(model)
    np.testing.assert_equal(values(copy), values(model))


def test_a_compiled_step_leaves_the_original_alone():
    model = compiled(noisy(), eager=False)
    fit(model)
    before, slots = values(model), values(model.optimizer)
    copy = clone(model)
    fit(copy)
    np.testing.assert_equal(values(model), before)
    np.testing.assert_equal(values(model.optimizer), slots)
    assert int(copy.optimizer.iterations) == 4


@pytest.mark.one_backend
@pytest.mark.parametrize("kind", {**MODELS, **OVER_TIME})
def test_a_copy_is_of_the_same_make_and_shares_nothing(kind):
    model = {**MODELS, **OVER_TIME}[kind]()
    copy = clone(model)
    assert type(copy) is type(model)
    assert copy.name == model.name
    assert layer_paths(copy) == layer_paths(model)
    assert not copy.compiled
    mine = [*walk(model), *((v.path, v) for v in model.variables)]
    theirs = [*walk(copy), *((v.path, v) for v in copy.variables)]
    assert not {id(one) for _, one in mine} & {id(one) for _, one in theirs}
    flags = [layer.trainable for _, layer in walk(model)]
    assert [layer.trainable for _, layer in walk(copy)] == flags


def stem_and_head():
    return keras.Sequential(
        [keras.Input((4,)), zoo.dense(4, "hidden"), zoo.dense(1, "head")]
    )


def layerwise(model):
    rates = ktk.optimizers.multipliers(model, {"hidden": 0.25})
    inner = keras.optimizers.AdamW(0.05, weight_decay=0.1)
    ktk.optimizers.exclude_norm_and_bias(inner, model)
    return ktk.optimizers.LayerwiseLearningRate(inner, rates)


OPTIMIZERS = {
    "accumulated": lambda model: keras.optimizers.SGD(
        0.05, momentum=0.9, gradient_accumulation_steps=2
    ),
    "layer-wise rates inside loss scaling": lambda model: (
        keras.optimizers.LossScaleOptimizer(layerwise(model))
    ),
}


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_the_optimizer_goes_on_where_it_was(kind):
    model = stem_and_head()
    compiled(model, OPTIMIZERS[kind](model))
    fit(model)
    copy = clone(model)
    assert type(copy.optimizer) is type(model.optimizer)
    np.testing.assert_equal(values(copy.optimizer), values(model.optimizer))
    fit(model)
    fit(copy)
    np.testing.assert_equal(values(copy.optimizer), values(model.optimizer))
    np.testing.assert_equal(values(copy), values(model))


def test_layer_wise_rates_are_those_of_the_copys_own_weights():
    model = stem_and_head()
    compiled(model, layerwise(model))
    copy = clone(model)
    rates = [copy.optimizer.multiplier_of(w) for w in copy.trainable_weights]
    assert rates == [0.25, 0.25, 1.0, 1.0]


def test_flags_and_constraints_of_variables_are_kept():
    model = zoo.block()
    kernel = model.get_layer("block").first.kernel
    kernel.trainable = False
    kernel.constraint = keras.constraints.NonNeg()
    copy = clone(model)
    mine = copy.get_layer("block").first.kernel
    assert not mine.trainable
    assert isinstance(mine.constraint, keras.constraints.NonNeg)
    assert len(copy.trainable_weights) == len(model.trainable_weights)


def test_lora_is_kept():
    model = zoo.sequential()
    model.get_layer("hidden").enable_lora(2)
    copy = clone(model)
    np.testing.assert_equal(values(copy), values(model))
    assert len(copy.trainable_weights) == len(model.trainable_weights)


def test_the_paths_of_variables_are_kept():
    model = plain()
    paths = [v.path for v in clone(model).variables]
    assert paths == [v.path for v in model.variables]


@pytest.mark.one_backend
def test_metrics_start_empty_and_are_not_shared():
    metric = keras.metrics.MeanAbsoluteError(name="mae")
    model = stem_and_head()
    model.compile("sgd", "mse", metrics=[metric], run_eagerly=True)
    fit(model)
    copy = clone(model)
    seen = copy.evaluate(X, X[:, :1], verbose=0, return_dict=True)
    assert sorted(seen) == ["loss", "mae"]
    expected = np.abs(copy.predict(X, verbose=0) - X[:, :1]).mean()
    np.testing.assert_allclose(seen["mae"], expected, rtol=1e-5)
    assert not any(one is metric for one in copy.metrics)


@pytest.mark.one_backend
def test_settings_of_compile_are_kept():
    model = zoo.sequential()
    model.compile("sgd", "mse", run_eagerly=True, jit_compile=False)
    copy = clone(model)
    assert copy.run_eagerly and not copy.jit_compile
    assert copy.optimizer is not model.optimizer


@pytest.mark.one_backend
def test_a_loss_of_ones_own_needs_no_registration():
    def loss(y_true, y_pred):
        return keras.ops.mean(keras.ops.abs(y_true - y_pred))

    model = zoo.sequential()
    model.compile("sgd", loss)
    assert clone(model).loss is loss


@pytest.mark.one_backend
def test_a_compiled_copy_can_be_left_out():
    model = compiled(zoo.sequential())
    assert not clone(model, compile=False).compiled
    assert model.compiled


def test_a_model_that_is_not_built_is_copied_as_it_is():
    copy = clone(keras.Sequential([keras.layers.Dense(1, trainable=False)]))
    assert not copy.built
    assert not copy.layers[0].trainable


class WithoutConfig(keras.layers.Layer):
    def __init__(self, inner, **kwargs):
        super().__init__(**kwargs)
        self.inner = inner

    def build(self, shape):
        self.inner.build(shape)

    def call(self, x):
        return self.inner(x)

    def get_config(self):
        return super().get_config()


class Unmakeable(keras.Model):
    def __init__(self):
        inputs = keras.Input((4,))
        outputs = zoo.dense(1, "head")(inputs)
        super().__init__(inputs, outputs, name="odd")

    def get_config(self):
        raise NotImplementedError("no config")


class Forgetful(WithoutConfig):
    @classmethod
    def from_config(cls, config):
        return cls(keras.layers.Dense(2), **config)


class OwnCompile(keras.Sequential):
    def compile(self, optimizer="sgd", critic=None, **kwargs):
        super().compile(optimizer, **kwargs)


def around(kind):
    inputs = keras.Input((4,))
    layer = kind(keras.layers.Dense(4), name="odd")
    return keras.Model(inputs, zoo.dense(1, "head")(layer(inputs)))


def with_own_compile():
    model = OwnCompile([keras.Input((4,)), zoo.dense(1, "head")])
    model.compile(loss="mse", critic=1)
    return model


def with_a_foreign_variable():
    model = compiled(zoo.sequential())
    other = zoo.dense(1, "other")
    other.build((4, 4))
    model.optimizer.build(other.trainable_weights)
    return model


def head_tied_to_the_stem():
    inputs = keras.Input((4,))
    stem = zoo.dense(4, "stem")
    tied = Tied(stem, name="tied")
    return keras.Model(inputs, tied(stem(inputs)))


@keras.saving.register_keras_serializable(package=zoo.PACKAGE)
class Tied(keras.layers.Layer):
    def __init__(self, stem, **kwargs):
        super().__init__(**kwargs)
        self.stem = stem

    def call(self, x):
        return self.stem(x)

    def get_config(self):
        stem = keras.saving.serialize_keras_object(self.stem)
        return {**super().get_config(), "stem": stem}

    @classmethod
    def from_config(cls, config):
        stem = keras.saving.deserialize_keras_object(config.pop("stem"))
        return cls(stem, **config)


@pytest.mark.one_backend
@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: around(WithoutConfig), "WithoutConfig 'odd' is an error"),
        (lambda: around(Forgetful), "differs in its variables"),
        (with_own_compile, r"not \['critic'\] besides.*compile=False"),
        (with_a_foreign_variable, "variables of the model alone"),
        (head_tied_to_the_stem, "shares 'stem/kernel' no longer"),
        (Unmakeable, "Unmakeable 'odd' is an error: no config"),
    ],
    ids=[
        "no config",
        "another size",
        "own compile",
        "foreign",
        "tied",
        "class",
    ],
)
def test_what_cannot_be_copied_is_refused(make, message):
    model = make()
    before = values(model)
    with pytest.raises(ValueError, match=message):
        clone(model)
    np.testing.assert_equal(values(model), before)


@pytest.mark.one_backend
@pytest.mark.parametrize(
    "arguments",
    [{"model": "vgg"}, {"compile": 1}, {"compile": "yes"}],
    ids=str,
)
def test_arguments_of_the_wrong_type_are_refused(arguments):
    with pytest.raises(TypeError, match=next(iter(arguments))):
        clone(**{"model": zoo.sequential(), **arguments})

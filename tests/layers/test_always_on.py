"""What all Monte Carlo dropout layers do, whatever they drop."""

import keras
import numpy as np
import pytest
from keras.src.testing import TestCase

from keras_trainkit import layers
from tests.helpers.arrays import to_numpy

# class, its Keras parent, the shape of an input
CASES = {
    "MCDropout": (layers.MCDropout, keras.layers.Dropout, (4, 40)),
    "MCAlphaDropout": (
        layers.MCAlphaDropout,
        keras.layers.AlphaDropout,
        (4, 40),
    ),
    "MCGaussianDropout": (
        layers.MCGaussianDropout,
        keras.layers.GaussianDropout,
        (4, 40),
    ),
    "MCSpatialDropout1D": (
        layers.MCSpatialDropout1D,
        keras.layers.SpatialDropout1D,
        (4, 2, 40),
    ),
    "MCSpatialDropout2D": (
        layers.MCSpatialDropout2D,
        keras.layers.SpatialDropout2D,
        (4, 2, 1, 40),
    ),
    "MCSpatialDropout3D": (
        layers.MCSpatialDropout3D,
        keras.layers.SpatialDropout3D,
        (4, 1, 2, 1, 40),
    ),
}
every_layer = pytest.mark.parametrize(
    "layer_class, parent, shape", CASES.values(), ids=CASES
)
POLICIES = ["float16", "bfloat16", "float32", "float64", "mixed_float16"]


def ones(shape):
    return np.ones(shape, "float32")


def differ(a, b):
    return bool((to_numpy(a) != to_numpy(b)).any())


def compiled(layer, shape, **kwargs):
    model = keras.Sequential([keras.Input(shape[1:]), layer])
    model.compile("sgd", "mse", **kwargs)
    return model


@every_layer
def test_keras_layer_checks(layer_class, parent, shape):
    TestCase().run_layer_test(
        layer_class,
        init_kwargs={"rate": 0.5, "seed": 1},
        input_shape=shape,
        expected_output_shape=shape,
        expected_num_trainable_weights=0,
        expected_num_non_trainable_weights=0,
        expected_num_seed_generators=1,
        expected_num_losses=0,
        supports_masking=True,
        assert_built_after_instantiation=True,
    )


@every_layer
def test_it_is_its_parent(layer_class, parent, shape):
    assert isinstance(layer_class(0.5), parent)


@every_layer
@pytest.mark.parametrize(
    "training",
    [{}, {"training": False}, {"training": True}],
    ids=["plain", "False", "True"],
)
def test_calls_and_rows_differ(layer_class, parent, shape, training):
    layer = layer_class(0.5)
    first = to_numpy(layer(ones(shape), **training))
    assert differ(first, layer(ones(shape), **training))
    assert differ(first[0], first[1])


@every_layer
def test_it_drops_in_predict_and_evaluate(layer_class, parent, shape):
    model = compiled(layer_class(0.5), shape, jit_compile=False)
    x = ones(shape)
    predictions = [model.predict(x, batch_size=2, verbose=0) for _ in "ab"]
    assert differ(*predictions)
    assert differ(predictions[0][:2], predictions[0][2:])
    losses = [model.evaluate(x, 0 * x, verbose=0) for _ in "ab"]
    assert losses[0] != losses[1]


def test_all_drop_under_jit():
    # One model for all, since torch takes ten seconds to compile one; the
    # spatial layers share one `call`.
    cases = list(CASES.values())[:4]
    inputs = keras.Input((2, 40))
    outputs = []
    for layer_class, _, shape in cases:
        x = keras.layers.Reshape((*shape[1:-1], -1))(inputs)
        outputs.append(layer_class(0.5)(x))
    model = keras.Model(inputs, outputs)
    model.compile("sgd", "mse", jit_compile=True)
    x = ones((4, 2, 40))
    first, second = model.predict(x, verbose=0), model.predict(x, verbose=0)
    between = [differ(a, b) for a, b in zip(first, second, strict=True)]
    assert between == [True] * 4
    assert [differ(a[0], a[1]) for a in first] == [True] * 4


@every_layer
def test_the_parent_alone_does_not_drop(layer_class, parent, shape):
    x = ones(shape)
    assert not differ(compiled(parent(0.5), shape).predict(x, verbose=0), x)


@every_layer
def test_the_same_seed_gives_the_same_sequence(layer_class, parent, shape):
    model = compiled(layer_class(0.5, seed=3), shape)
    twin = compiled(layer_class(0.5, seed=3), shape)
    x = ones(shape)
    sequence = [model.predict(x, verbose=0) for _ in range(3)]
    np.testing.assert_array_equal(
        sequence, [twin.predict(x, verbose=0) for _ in range(3)]
    )
    assert differ(sequence[1], sequence[2])


@every_layer
def test_set_random_seed_governs_an_unseeded_layer(layer_class, parent, shape):
    def sequence(seed):
        keras.utils.set_random_seed(seed)
        layer = layer_class(0.5)
        return [to_numpy(layer(ones(shape))) for _ in range(2)]

    first, again, other = sequence(7), sequence(7), sequence(8)
    np.testing.assert_array_equal(first, again)
    assert differ(first[0], other[0])


@every_layer
def test_training_mode_draws_what_the_parent_draws(layer_class, parent, shape):
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    ours = layer_class(0.3, seed=5)(x)
    theirs = parent(0.3, seed=5)(x, training=True)
    np.testing.assert_array_equal(to_numpy(ours), to_numpy(theirs))


@every_layer
def test_rate_0_is_the_identity(layer_class, parent, shape):
    assert not differ(layer_class(0)(ones(shape)), ones(shape))


@every_layer
@pytest.mark.parametrize(
    "rate, error",
    [
        (-0.1, ValueError),
        (1.1, ValueError),
        (float("nan"), ValueError),
        ("0.5", TypeError),
        (None, TypeError),
        (True, TypeError),
    ],
    ids=str,
)
def test_a_bad_rate_is_refused(layer_class, parent, shape, rate, error):
    with pytest.raises(error, match=r"`rate` must be in \[0, 1.*Received: ra"):
        layer_class(rate)


@pytest.mark.parametrize(
    "layer_class", [layers.MCAlphaDropout, layers.MCGaussianDropout]
)
def test_a_rate_with_infinite_noise_is_refused(layer_class):
    with pytest.raises(ValueError, match=r"in \[0, 1\). Received: rate=1"):
        layer_class(1)


@every_layer
@pytest.mark.parametrize("policy", POLICIES)
def test_the_dtype_is_the_policys(layer_class, parent, shape, policy):
    layer = layer_class(0.5, dtype=policy)
    # JAX without x64 has no float64: a cast tells what the backend makes of it.
    wanted = keras.ops.cast(ones(shape), layer.compute_dtype).dtype
    y = layer(ones(shape))
    assert y.dtype == wanted
    assert differ(y, ones(shape))
    restored = layer_class.from_config(layer.get_config())
    assert restored.dtype_policy == layer.dtype_policy


class ShowMask(keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, x, mask=None):
        return keras.ops.cast(mask, "float32")


@every_layer
def test_a_mask_passes(layer_class, parent, shape):
    x = ones(shape)
    x[0, 0] = 0.0
    model = keras.Sequential(
        [keras.layers.Masking(), layer_class(0.5), ShowMask()]
    )
    np.testing.assert_array_equal(model(x), (x != 0).any(axis=-1))


@every_layer
def test_unknown_dimensions(layer_class, parent, shape):
    inputs = keras.Input((None,) * (len(shape) - 2) + shape[-1:])
    outputs = layer_class(0.5)(inputs)
    assert outputs.shape == inputs.shape
    model = keras.Model(inputs, outputs)
    longer = (5, *(3 for _ in shape[1:-1]), shape[-1])
    assert model.predict(ones(shape), verbose=0).shape == shape
    assert model.predict(ones(longer), verbose=0).shape == longer


@keras.saving.register_keras_serializable(package="keras_trainkit_tests")
class AroundNoise(keras.Model):
    def __init__(self, layer, **kwargs):
        super().__init__(**kwargs)
        self.layer = layer

    def call(self, x):
        return self.layer(x)

    def get_config(self):
        layer = keras.saving.serialize_keras_object(self.layer)
        return {**super().get_config(), "layer": layer}

    @classmethod
    def from_config(cls, config):
        layer = keras.saving.deserialize_keras_object(config.pop("layer"))
        return cls(layer, **config)


def functional(layer, shape):
    inputs = keras.Input(shape[1:])
    return keras.Model(inputs, layer(inputs))


def sequential(layer, shape):
    return keras.Sequential([keras.Input(shape[1:]), layer])


def subclassed(layer, shape):
    return AroundNoise(layer)


@every_layer
@pytest.mark.parametrize("build", [functional, sequential, subclassed])
def test_it_is_saved_and_loaded(layer_class, parent, shape, build, tmp_path):
    model = build(layer_class(0.25, seed=3, name="noise"), shape)
    first = to_numpy(model(ones(shape)))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    layer, original = loaded.layers[-1], model.layers[-1]
    assert type(layer) is layer_class
    assert layer.get_config() == original.get_config()
    # Keras does not save a seed generator's state: the sequence starts anew.
    np.testing.assert_array_equal(first, to_numpy(loaded(ones(shape))))
    assert differ(first, loaded(ones(shape)))


@every_layer
def test_it_is_cloned(layer_class, parent, shape):
    model = functional(layer_class(0.25, seed=3), shape)
    clone = keras.models.clone_model(model)
    assert type(clone.layers[-1]) is layer_class
    assert clone.layers[-1].get_config() == model.layers[-1].get_config()
    assert differ(clone(ones(shape)), ones(shape))


def test_a_subclass_of_the_layer(tmp_path):
    inputs = keras.Input((40,))
    model = keras.Model(inputs, ScaledNoise(0.5, factor=3.0, seed=1)(inputs))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    y = loaded.predict(ones((4, 40)), verbose=0)
    assert type(loaded.layers[-1]) is ScaledNoise
    assert set(np.unique(y)) == {0.0, 6.0}


@keras.saving.register_keras_serializable(package="keras_trainkit_tests")
class ScaledNoise(layers.MCDropout):
    def __init__(self, rate, factor=1.0, **kwargs):
        super().__init__(rate, **kwargs)
        self.factor = factor

    def call(self, inputs, training=False):
        return self.factor * super().call(inputs, training=training)

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}

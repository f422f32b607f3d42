"""RReLU: its slopes, torch's inference, and its life as a Keras layer."""

import keras
import numpy as np
import pytest
from keras.src.testing import TestCase

from keras_trainkit.layers import RReLU
from tests.helpers.arrays import to_numpy

SIZE = 200_001  # odd: the last draw serves one element only
POLICIES = ["float16", "bfloat16", "float32", "float64", "mixed_float16"]


def negative(*shape):
    return -np.ones(shape, "float32")


def drawn(layer, *shape):
    return -to_numpy(layer(negative(*shape), training=True)).astype("float64")


def test_keras_layer_checks():
    TestCase().run_layer_test(
        RReLU,
        init_kwargs={"lower": 0.25, "upper": 0.5, "seed": 1},
        input_shape=(2, 3, 2),
        call_kwargs={"training": True},
        expected_output_shape=(2, 3, 2),
        expected_num_trainable_weights=0,
        expected_num_non_trainable_weights=0,
        expected_num_seed_generators=1,
        expected_num_losses=0,
        supports_masking=True,
    )


@pytest.mark.parametrize("bounds", [(1 / 8, 1 / 3), (-1.0, 2.0)])
def test_slopes_are_uniform(bounds):
    lower, upper = bounds
    slopes = drawn(RReLU(lower, upper, seed=1), SIZE)
    width = upper - lower
    assert lower <= slopes.min() and slopes.max() <= upper
    unit = np.sort((slopes - lower) / width)
    # Kolmogorov and Smirnov: 1.95 / sqrt(n) is the 0.1 % quantile.
    distance = np.abs(unit - (np.arange(SIZE) + 0.5) / SIZE).max()
    assert distance < 1.95 / np.sqrt(SIZE)
    assert abs(slopes.mean() - (lower + upper) / 2) < 5 * width / np.sqrt(
        12 * SIZE
    )


@pytest.mark.parametrize("lag", [1, 2, SIZE // 2])
def test_slopes_are_independent(lag):
    slopes = drawn(RReLU(seed=1), SIZE)
    correlation = np.corrcoef(slopes[:-lag], slopes[lag:])[0, 1]
    assert abs(correlation) < 5 / np.sqrt(SIZE - lag)


def test_calls_rows_and_columns_differ():
    layer = RReLU()
    first, second = drawn(layer, 4, 40), drawn(layer, 4, 40)
    assert (first != second).any()
    assert (first[0] != first[1]).any()
    assert (first[:, 0] != first[:, 1]).any()


def test_the_same_seed_gives_the_same_sequence():
    layer, twin = RReLU(seed=3), RReLU(seed=3)
    sequence = [drawn(layer, 4, 40) for _ in range(3)]
    np.testing.assert_array_equal(
        sequence, [drawn(twin, 4, 40) for _ in range(3)]
    )


def test_set_random_seed_governs_an_unseeded_layer():
    def sequence(seed):
        keras.utils.set_random_seed(seed)
        layer = RReLU()
        return [drawn(layer, 4, 40) for _ in range(2)]

    first, again, other = sequence(7), sequence(7), sequence(8)
    np.testing.assert_array_equal(first, again)
    assert (first[0] != other[0]).any()


@pytest.mark.parametrize("policy", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("bounds", [(1 / 8, 1 / 3), (-0.5, 0.25), (0.5, 2.0)])
def test_inference_is_torchs_exactly(policy, bounds):
    torch = pytest.importorskip(
        "torch", reason="torch oracle: torch is not installed"
    )
    values = np.linspace(-3, 3, 101).astype("float32")
    x = torch.tensor(values, dtype=getattr(torch, policy))
    theirs = torch.nn.functional.rrelu(x, *bounds, training=False)
    ours = to_numpy(RReLU(*bounds, dtype=policy)(values))
    np.testing.assert_array_equal(
        ours.astype("float32"), theirs.to(torch.float32).numpy()
    )


@pytest.mark.parametrize("training", [False, True])
def test_equal_bounds_are_the_leaky_relu(training):
    x = np.linspace(-3, 3, 101).astype("float32")
    y = to_numpy(RReLU(0.2, 0.2)(x, training=training))
    np.testing.assert_array_equal(y, np.where(x > 0, x, x * np.float32(0.2)))


def test_a_nan_stays():
    x = np.array([np.nan, 1.0], "float32")
    y = to_numpy(RReLU()(x, training=True))
    assert np.isnan(y[0]) and y[1] == 1.0


@pytest.mark.parametrize(
    "bounds, error, name",
    [
        ((0.5, 0.25), ValueError, "lower"),
        ((float("nan"), 1.0), ValueError, "lower"),
        ((0.0, float("inf")), ValueError, "upper"),
        ((-float("inf"), 0.0), ValueError, "lower"),
        (("0", 1.0), TypeError, "lower"),
        ((0.0, None), TypeError, "upper"),
        ((False, True), TypeError, "lower"),
    ],
    ids=str,
)
def test_bad_bounds_are_refused(bounds, error, name):
    with pytest.raises(error, match=f"`{name}` must be .* Received: {name}="):
        RReLU(*bounds)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("policy", POLICIES)
def test_the_dtype_is_the_policys(policy, training):
    layer = RReLU(0.25, 0.5, dtype=policy)
    y = layer(negative(4, 40), training=training)
    # JAX without x64 has no float64: a cast tells what the backend makes of it.
    assert y.dtype == keras.ops.cast(0.0, layer.compute_dtype).dtype
    slopes = -to_numpy(y).astype("float64")
    assert slopes.min() >= 0.25 and slopes.max() <= 0.5
    assert len(np.unique(slopes)) > 10 or not training
    restored = RReLU.from_config(layer.get_config())
    assert restored.dtype_policy == layer.dtype_policy


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
@pytest.mark.parametrize("kind", ["int8", "uint8", "int64", "bool"])
def test_integers_are_rectified_as_floats_are(kind, policy, training):
    x = np.array([-4, -1, 0, 3]).astype(kind)
    layer = RReLU(0.25, 0.5, seed=1, dtype=policy)
    twin = RReLU(0.25, 0.5, seed=1, dtype=policy)
    y = layer(x, training=training)
    expected = twin(x.astype("float32"), training=training)
    assert y.dtype == keras.ops.cast(0.0, layer.compute_dtype).dtype
    np.testing.assert_array_equal(to_numpy(y), to_numpy(expected))


def test_a_functional_model_of_integers():
    inputs = keras.Input((3,), dtype="int32")
    outputs = RReLU(0.25, 0.5)(inputs)
    assert outputs.dtype == "float32"
    model = keras.Model(inputs, outputs)
    found = model.predict(np.array([[-8, 0, 1]], "int32"), verbose=0)
    np.testing.assert_array_equal(found, [[-3.0, 0.0, 1.0]])


def test_it_is_built_from_the_start_as_keras_s_leaky_relu_is():
    assert keras.layers.LeakyReLU().built
    assert RReLU().built


class Shifted(RReLU):
    def build(self, input_shape):
        self.shift = self.add_weight(shape=input_shape[-1:], initializer="ones")

    def call(self, inputs, training=False):
        return super().call(inputs + self.shift, training=training)


def test_a_subclass_with_weights_is_built_when_it_is_called():
    layer = Shifted(0.25, 0.5)
    assert not layer.built
    y = to_numpy(layer(np.array([[-9.0, 0.0]], "float32")))
    np.testing.assert_array_equal(y, [[-3.0, 1.0]])
    assert layer.built and len(layer.weights) == 1


@pytest.mark.parametrize(
    "shape", [(), (3,), (2, 3), (2, 0), (1, 3, 1), (1,) * 5], ids=str
)
def test_any_rank(shape):
    assert drawn(RReLU(), *shape).shape == shape


@pytest.mark.parametrize("jit_compile", [False, True], ids=["plain", "jit"])
def test_fit_draws_and_predict_does_not(jit_compile):
    inputs = keras.Input((None, None))
    layer = RReLU(0.25, 0.75, seed=1)
    model = keras.Model(inputs, layer(inputs))
    assert model.output.shape == (None, None, None)
    model.compile("sgd", "mse", jit_compile=jit_compile)
    x = negative(4, 5, 3)
    losses = [
        model.fit(x, 0 * x, batch_size=2, verbose=0).history["loss"][0]
        for _ in range(2)
    ]
    assert losses[0] != losses[1]
    # E[slope^2] = 1/4 + 0.5^2 / 12 is not the 1/4 of inference.
    np.testing.assert_allclose(losses, 0.2708, atol=0.05)
    np.testing.assert_array_equal(model.predict(x, verbose=0), x / 2)
    assert model.evaluate(x, 0 * x, verbose=0) == 0.25
    longer = negative(3, 2, 4)
    np.testing.assert_array_equal(model.predict(longer, verbose=0), longer / 2)


def test_a_mask_passes():
    x = negative(2, 3, 4)
    x[0, 1:] = 0.0
    model = keras.Sequential(
        [
            keras.layers.Masking(),
            RReLU(),
            keras.layers.GlobalAveragePooling1D(),
        ]
    )
    slope = (1 / 8 + 1 / 3) / 2
    np.testing.assert_allclose(to_numpy(model(x)), -slope, rtol=1e-6)


@keras.saving.register_keras_serializable(package="keras_trainkit_tests")
class AroundRReLU(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.layer = RReLU(0.25, 0.5, seed=3, name="rectifier")

    def call(self, x):
        return self.layer(x)


def functional():
    inputs = keras.Input((4,))
    return keras.Model(inputs, RReLU(0.25, 0.5, seed=3)(inputs))


def sequential():
    return keras.Sequential([keras.Input((4,)), RReLU(0.25, 0.5, seed=3)])


@pytest.mark.parametrize("build", [functional, sequential, AroundRReLU])
def test_it_is_saved_and_loaded(build, tmp_path):
    model = build()
    model(negative(2, 4))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    layer = loaded.layers[-1]
    assert layer.get_config() == model.layers[-1].get_config()
    np.testing.assert_array_equal(loaded(negative(2, 4)), -0.375)


def test_it_is_cloned():
    model = functional()
    clone = keras.models.clone_model(model)
    assert clone.layers[-1].get_config() == model.layers[-1].get_config()

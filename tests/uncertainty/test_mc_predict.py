import keras
import numpy as np
import pytest
from scipy import special

from keras_trainkit.uncertainty.mc_predict import mc_predict
from tests.helpers import pairwise
from tests.helpers.counted_calls import count_rows
from tests.helpers.prediction_state import changed
from tests.helpers.prediction_state import prediction_state
from tests.helpers.random_zoo import FEATURES
from tests.helpers.random_zoo import ZOO
from tests.helpers.random_zoo import OwnDropout
from tests.helpers.random_zoo import flat
from tests.helpers.random_zoo import model_and_data
from tests.helpers.random_zoo import training_samples

L = keras.layers


@pytest.mark.parametrize("name", ZOO)
def test_samples_are_those_of_training_and_nothing_changes(name):
    model, x = model_and_data(name, rows=2)
    before = prediction_state(model)
    found = mc_predict(model, x, samples=400, seed=1)
    assert changed(before, prediction_state(model)) == []
    expected = training_samples(model, x, 2000)
    mean, std = expected.mean(axis=1), expected.std(axis=1)
    assert (std.max(axis=-1) > 1e-3).all()
    error = std * np.sqrt(1 / 400 + 1 / 2000) + 1e-6
    assert (np.abs(found.mean - mean) < 5 * error).all()
    # The standard error of a standard deviation, for any tails seen here.
    np.testing.assert_allclose(found.std, std, rtol=0.3, atol=1e-6)


def softmax_model(units=3):
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((FEATURES,)),
            L.Dense(8, "relu"),
            L.BatchNormalization(),
            L.Dropout(0.5),
            L.Dense(units, "softmax"),
        ]
    )


def rows(count=5, seed=0):
    x = np.random.default_rng(seed).normal(size=(count, FEATURES))
    return x.astype("float32")


def linear(layer, weights):
    """A model whose output is a weighted sum of what `layer` makes."""
    shape = weights.shape[:-1]
    model = keras.Sequential(
        [keras.Input(shape), layer, L.Flatten(), L.Dense(2, use_bias=False)]
    )
    model.layers[-1].set_weights([weights.reshape((-1, 2))])
    return model


SELU = -1.6732632423543772 * 1.0507009873554805


def moments(layer, x, rate):
    """Mean and variance of each element behind `layer`, in closed form."""
    if layer is L.Dropout:
        return x, x**2 * rate / (1 - rate)
    if layer is L.GaussianDropout:
        return x, x**2 * rate / (1 - rate)
    a = ((1 - rate) * (1 + rate * SELU**2)) ** -0.5
    mean = a * (x * (1 - rate) + SELU * rate) - a * SELU * rate
    return mean, a**2 * (x - SELU) ** 2 * rate * (1 - rate)


@pytest.mark.parametrize(
    "layer, rate, shape",
    pairwise.cases(
        [L.Dropout, L.AlphaDropout, L.GaussianDropout],
        [0.1, 0.5, 0.8],
        [(7,), (3, 4)],
    ),
)
def test_a_linear_model_has_the_moments_of_the_closed_form(layer, rate, shape):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6, *shape)).astype("float32")
    weights = rng.normal(size=(*shape, 2))
    model = linear(layer(rate), weights)
    found = mc_predict(model, x, samples=4000, seed=2, return_samples=True)
    mean, variance = moments(layer, x.astype("float64"), rate)
    axes = tuple(range(1, x.ndim))
    mean = np.tensordot(mean, weights, (axes, tuple(range(len(shape)))))
    variance = np.tensordot(
        variance, weights**2, (axes, tuple(range(len(shape))))
    )
    error = np.sqrt(variance / 4000)
    assert (np.abs(found.mean - mean) < 5 * error).all()
    # The error of a variance, from the fourth moment of the samples.
    deviations = found.samples.astype("float64") - mean
    error = (deviations**2).std(axis=0) / np.sqrt(4000)
    assert (np.abs(found.std**2 - variance) < 5 * error).all()
    covariance = np.corrcoef(found.samples[..., 0].T)
    assert np.abs(covariance - np.eye(6)).max() < 5 / np.sqrt(4000)


@pytest.mark.parametrize(
    "layer", [L.Dropout(0.5), L.GaussianDropout(0.5), L.SpatialDropout1D(0.5)]
)
def test_identical_rows_get_independent_samples(layer):
    x = np.ones((8, 3, 4), "float32")
    weights = np.random.default_rng(0).normal(size=(3, 4, 2))
    found = mc_predict(
        linear(layer, weights), x, samples=3000, seed=1, return_samples=True
    )
    correlation = np.corrcoef(found.samples[:, :, 0].T)
    assert np.abs(correlation - np.eye(8)).max() < 5 / np.sqrt(3000)
    samples = np.swapaxes(found.samples[:, :, 0], 0, 1)
    later = [np.corrcoef(s[1:], s[:-1])[0, 1] for s in samples]
    assert np.abs(later).max() < 5 / np.sqrt(3000)


def test_batch_normalisation_stays_in_inference_mode():
    keras.utils.set_random_seed(0)
    norm = L.BatchNormalization()
    layers = [norm, L.Dropout(0.5), L.Dense(2)]
    model = keras.Sequential([keras.Input((FEATURES,)), *layers])
    norm.moving_mean.assign(np.arange(FEATURES))
    before = prediction_state(model)
    x = rows(4) + 10
    found = mc_predict(model, x, samples=2000, seed=0)
    assert changed(before, prediction_state(model)) == []
    error = found.std / np.sqrt(2000)
    predicted = model.predict(x, verbose=0)
    assert (np.abs(found.mean - predicted) < 5 * error).all()


def test_the_same_seed_and_batch_size_give_the_same_bits():
    model = softmax_model()
    one, same = (
        mc_predict(model, rows(), 20, batch_size=2, seed=3, return_samples=True)
        for _ in range(2)
    )
    other = mc_predict(model, rows(), 20, batch_size=2, seed=4)
    for name in ("mean", "std", "expected_entropy", "samples"):
        assert getattr(one, name).tobytes() == getattr(same, name).tobytes()
    assert (one.mean != other.mean).any()


def test_without_a_seed_pythons_random_governs():
    model = softmax_model()
    keras.utils.set_random_seed(1)
    first, second = (mc_predict(model, rows(), samples=4) for _ in range(2))
    keras.utils.set_random_seed(1)
    again = mc_predict(model, rows(), samples=4)
    assert (first.mean != second.mean).any()
    np.testing.assert_array_equal(first.mean, again.mean)


class Broken(Exception):
    pass


@pytest.mark.parametrize("error", [Broken, KeyboardInterrupt])
def test_nothing_changes_when_the_data_fails(error):
    def data():
        for _ in range(4):
            yield (rows(2),)
        raise error

    layers = [L.Reshape((1, -1)), L.LSTM(3, dropout=0.5)]
    model = flat(*layers)
    model.predict(rows(2), verbose=0)
    before, function = prediction_state(model), model.predict_function
    with pytest.raises(error):
        mc_predict(model, data(), samples=3, seed=0)
    assert changed(before, prediction_state(model)) == []
    assert model.predict_function is function


@keras.saving.register_keras_serializable(package="keras_trainkit_tests")
class Fails(L.Layer):
    error = None

    def call(self, x):
        if self.error is not None:
            raise self.error
        return x


@pytest.mark.parametrize("error", [Broken(), KeyboardInterrupt()])
def test_nothing_changes_when_a_layer_fails(error):
    fails = Fails()
    model = flat(L.Dropout(0.5), fails)
    model(rows())
    before = prediction_state(model)
    fails.error = error
    with pytest.raises(type(error)):
        mc_predict(model, rows(), samples=3, seed=0)
    fails.error = None
    assert changed(before, prediction_state(model)) == []
    assert mc_predict(model, rows(), samples=3, seed=0).mean.shape == (5, 2)


def test_a_second_call_compiles_nothing():
    model = flat(OwnDropout(0.5))
    mc_predict(model, rows(), samples=6, batch_size=2, seed=0)
    calls = OwnDropout.calls
    mc_predict(model, rows(7, seed=1), samples=6, batch_size=2, seed=1)
    eager = keras.backend.backend() == "torch"
    assert (OwnDropout.calls > calls) == eager


def test_a_last_batch_of_another_size_compiles_nothing(monkeypatch):
    calls = count_rows(monkeypatch, L.Dense, "counted")
    model = flat(L.Dropout(0.5), L.Dense(3, name="counted"))
    mc_predict(model, rows(8), samples=4, batch_size=4, seed=0)
    before = len(calls)
    assert before
    found = mc_predict(model, rows(11), samples=4, batch_size=4, seed=0)
    assert found.mean.shape == (11, 2)
    eager = keras.backend.backend() == "torch"
    assert (len(calls) > before) == eager


def test_new_weights_and_rates_are_seen():
    model = flat(L.Dropout(0.5))
    first = mc_predict(model, rows(), samples=50, seed=0)
    model.set_weights([2 * w for w in model.get_weights()])
    second = mc_predict(model, rows(), samples=50, seed=0)
    np.testing.assert_allclose(second.mean, 2 * first.mean, rtol=1e-4)
    model.layers[0].rate = 0.01
    third = mc_predict(model, rows(), samples=50, seed=0)
    assert (third.std < second.std / 2).all()


def test_a_model_that_is_not_built_is_built():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([L.Dense(3), L.Dropout(0.5)])
    found = mc_predict(model, rows(), samples=4, seed=0)
    assert found.mean.shape == (5, 3) and len(model.weights) == 2


def two_outputs():
    keras.utils.set_random_seed(0)
    a, b = keras.Input((FEATURES,), name="a"), keras.Input((2,), name="b")
    h = L.Dropout(0.5)(L.Concatenate()([a, b]))
    outputs = [
        L.Dense(3, "softmax", name="classes")(h),
        L.Dense(2, "sigmoid", name="labels")(h),
        L.Dense(1, name="value")(h),
    ]
    return keras.Model([a, b], outputs)


def test_several_inputs_and_outputs():
    x = {"a": rows(), "b": rows()[:, :2]}
    found = mc_predict(two_outputs(), x, samples=10, batch_size=3, seed=0)
    assert {name: one.kind for name, one in found.items()} == {
        "classes": "classification",
        "labels": "binary",
        "value": "regression",
    }
    shapes = [one.mean.shape for one in found.values()]
    assert shapes == [(5, 3), (5, 2), (5, 1)]
    assert found["classes"].entropy.shape == (5,)
    assert found["labels"].entropy.shape == (5, 2)


def test_masks_are_shared_by_the_outputs_of_one_sample():
    x = keras.Input((FEATURES,))
    h = L.Dropout(0.5)(x)
    found = mc_predict(
        keras.Model(x, {"one": h, "two": 2 * h}),
        rows(),
        samples=10,
        seed=0,
        return_samples=True,
    )
    samples = found["one"].samples
    np.testing.assert_allclose(found["two"].samples, 2 * samples, rtol=1e-6)


@pytest.mark.parametrize("units, kind", [(3, "classification"), (1, "binary")])
def test_probabilities_are_averaged_never_logits(units, kind):
    model = flat(L.Dropout(0.5), units=units)
    logits = mc_predict(model, rows(), 30, seed=0, return_samples=True)
    assert logits.kind == "regression"
    found = mc_predict(
        model, rows(), 30, seed=0, from_logits=True, return_samples=True
    )
    transform = special.expit if units == 1 else special.softmax
    options = {} if units == 1 else {"axis": -1}
    expected = transform(logits.samples.astype("float64"), **options)
    assert found.kind == kind
    np.testing.assert_allclose(found.mean, expected.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(found.std, expected.std(axis=0), atol=1e-5)
    np.testing.assert_allclose(found.samples, expected, rtol=1e-4)


@pytest.mark.parametrize("kind", ["classification", "binary"])
def test_outputs_of_another_kind_are_refused(kind):
    model = flat(L.Dropout(0.5))
    with pytest.raises(ValueError, match="logits, pass `from_logits=True`"):
        mc_predict(model, rows(), samples=4, seed=0, kind=kind)


def test_the_kind_that_is_given_is_taken():
    model = softmax_model()
    found = mc_predict(model, rows(), samples=4, seed=0, kind="binary")
    assert found.kind == "binary" and found.entropy.shape == (5, 3)
    found = mc_predict(model, rows(), samples=4, seed=0, kind="regression")
    assert found.kind == "regression"


def test_one_output_in_a_list_and_one_without_a_last_axis():
    x = keras.Input((FEATURES,))
    y = keras.ops.sigmoid(keras.ops.sum(L.Dropout(0.5)(x), axis=1))
    found = mc_predict(keras.Model(x, [y]), rows(), samples=9, seed=0)
    assert found.kind == "binary" and found.entropy.shape == (5,)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(policy):
    keras.utils.set_random_seed(0)
    layers = [L.Dropout(0.5, dtype=policy), L.Dense(3, "softmax", dtype=policy)]
    model = keras.Sequential([keras.Input((FEATURES,)), *layers])
    found = mc_predict(model, rows(), samples=500, seed=0, return_samples=True)
    assert found.kind == "classification"
    assert {found.mean.dtype, found.std.dtype} == {np.dtype("float32")}
    exact = found.samples.astype("float64")
    np.testing.assert_allclose(found.mean, exact.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(found.std, exact.std(axis=0), rtol=1e-3)


def test_gaussian_noise_only_if_asked_for():
    model = flat(L.GaussianNoise(0.5))
    with pytest.raises(ValueError, match="noise=True"):
        mc_predict(model, rows())
    found = mc_predict(model, rows(), samples=2000, seed=0, noise=True)
    kernel = model.get_weights()[0]
    expected = 0.5 * np.sqrt((kernel**2).sum(axis=0))
    np.testing.assert_allclose(found.std, np.tile(expected, (5, 1)), rtol=0.1)


def test_a_stateful_layer_starts_from_its_state():
    keras.utils.set_random_seed(0)
    x = keras.Input(batch_shape=(2, 3, FEATURES))
    layer = L.LSTM(3, stateful=True, dropout=0.4)
    model = keras.Model(x, layer(x))
    data = np.random.default_rng(0).normal(size=(4, 3, FEATURES))
    model(data[:2])
    layer.states[0].assign(np.ones((2, 3)))
    before = prediction_state(model)
    found = mc_predict(model, data, samples=10, batch_size=2, seed=0)
    assert changed(before, prediction_state(model)) == []
    assert found.mean.shape == (4, 3) and (found.std > 0).all()


def without():
    return flat(L.Dense(3))


def beside_the_outputs():
    x = keras.Input((FEATURES,))
    model = keras.Model(x, [L.Dense(2)(x), L.Dropout(0.5, name="beside")(x)])
    lonely = keras.Model(x, model.outputs[0])
    lonely.extra = model.layers[-1]
    return lonely


def unbuilt():
    return keras.Sequential([L.Dense(3)])


@pytest.mark.parametrize(
    "make, match",
    [
        (without, r"recurrent layers.*Found: none"),
        (lambda: flat(L.Dropout(0.0, name="off")), r"Found: off \(0.0\)"),
        (lambda: flat(L.Dropout(1.0, name="all")), r"Found: all \(1.0\)"),
        (unbuilt, "Found: none"),
        # Keras 3.13 does not know of a layer beside the graph.
        (beside_the_outputs, r"beside \(0.5\), lead to none|Found: none"),
    ],
)
def test_a_model_whose_samples_would_be_equal_is_refused(make, match):
    with pytest.raises(ValueError, match=match):
        mc_predict(make(), rows())


def before_a_rate_of_one():
    layers = [L.Dropout(0.5, name="some"), L.Dense(4), L.Dropout(1.0)]
    return flat(*layers)


def only_by_a_layer_at_rate_0():
    x = keras.Input((FEATURES,))
    beside = L.Dropout(0.5)(x)
    return keras.Model(x, L.Add()([L.Dropout(0.0)(x), L.Dropout(1.0)(beside)]))


@keras.saving.register_keras_serializable(package="keras_trainkit_tests")
class DropsAll(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.some, self.all = L.Dropout(0.5), L.Dropout(1.0, name="stop")
        self.head = L.Dense(2, bias_initializer="ones")

    def call(self, x):
        return self.head(self.all(self.some(x)))


def inside_a_layer():
    stop = L.TimeDistributed(L.Dropout(1.0, name="stop"))
    return flat(L.Dropout(0.5), L.Reshape((2, 3)), stop, L.Flatten())


@pytest.mark.parametrize(
    "make, match",
    [
        (before_a_rate_of_one, r"some \(0.5\), .* lead to none .* rate of 1"),
        (only_by_a_layer_at_rate_0, r"lead to none of its outputs"),
        (DropsAll, r"samples differ.*Nothing passes .*: stop \(1.0\)"),
        (inside_a_layer, r"samples differ.*Nothing passes .*: stop \(1.0\)"),
    ],
)
def test_a_rate_of_one_that_stops_every_draw_is_refused(make, match):
    model = make()
    with pytest.raises(ValueError, match=match):
        mc_predict(model, rows(), samples=4, seed=0)


def test_rows_of_zeros_may_have_equal_samples():
    head = L.Dense(2, use_bias=False)
    model = keras.Sequential([keras.Input((FEATURES,)), L.Dropout(0.5), head])
    found = mc_predict(model, 0 * rows(), samples=4, seed=0)
    np.testing.assert_array_equal(found.std, np.zeros((5, 2)))


SHARED = {
    "of features": ((FEATURES,), lambda keep: keep[:, :1]),
    "of one number": ((1,), lambda keep: keep[:, :1, :1]),
    "without axes": ((), lambda keep: keep[:, :1, :1]),
}


@pytest.mark.parametrize("noise_shape, mask", SHARED.values(), ids=SHARED)
@pytest.mark.parametrize("layer", [L.Dropout, L.AlphaDropout])
def test_a_mask_of_lower_rank_is_broadcast(layer, noise_shape, mask):
    dropout = layer(0.5, noise_shape=noise_shape)
    model = keras.Sequential([keras.Input((FEATURES,)), dropout])
    found = mc_predict(model, rows(), 200, seed=0, return_samples=True)
    # An input that alpha dropout puts in place of others is the same both ways.
    dropped = 0 if layer is L.Dropout else moments(layer, SELU, 0.5)[0]
    keep = ~np.isclose(found.samples, dropped)
    np.testing.assert_array_equal(keep, np.broadcast_to(mask(keep), keep.shape))
    assert (np.abs(keep.mean(axis=0) - 0.5) < 5 * 0.5 / np.sqrt(200)).all()


def test_a_mask_for_other_rows_is_refused():
    model = flat(L.Dropout(0.5, noise_shape=(8, FEATURES)))
    with pytest.raises(ValueError, match=r"`noise_shape` must be .* broadcast"):
        mc_predict(model, rows(1), samples=4, seed=0)


def test_an_output_without_rows_is_refused():
    x = keras.Input((FEATURES,))
    total = keras.ops.sum(L.Dropout(0.5)(x))
    with pytest.raises(ValueError, match=r"first axis.* is of shape \(\)"):
        mc_predict(keras.Model(x, total), rows(), samples=4, seed=0)


@keras.saving.register_keras_serializable(package="keras_trainkit_tests")
class PredictsItsWay(keras.Model):
    def predict_step(self, *args):
        return super().predict_step(*args)


def with_a_class_of_its_own():
    x = keras.Input((FEATURES,))
    return PredictsItsWay(x, L.Dropout(0.5)(x))


def with_a_step_of_its_own():
    model = flat(L.Dropout(0.5))
    model.predict_step = lambda *args: args
    return model


@pytest.mark.parametrize(
    "make", [with_a_class_of_its_own, with_a_step_of_its_own]
)
def test_a_predict_step_that_would_be_left_out_is_refused(make):
    with pytest.raises(ValueError, match="without a `predict_step` of its own"):
        mc_predict(make(), rows(), samples=4, seed=0)


@pytest.mark.parametrize(
    "arguments, error, match",
    [
        (
            {"samples": 1},
            ValueError,
            "`samples` must be an integer of at least 2",
        ),
        ({"samples": 2.0}, TypeError, "`samples` must be"),
        ({"samples": True}, TypeError, "`samples` must be"),
        ({"batch_size": 0}, ValueError, "`batch_size` must be"),
        ({"seed": -1}, ValueError, "`seed` must be"),
        ({"seed": 1.5}, TypeError, "`seed` must be"),
        ({"kind": "multi"}, ValueError, "`kind` must be one of"),
        ({"verbose": 3}, ValueError, "`verbose` must be"),
        ({"noise": "no"}, TypeError, "`noise` must be"),
        ({"return_samples": "no"}, TypeError, "`return_samples` must be"),
        ({"steps": 0}, ValueError, "`steps` must be"),
    ],
)
def test_what_is_refused(arguments, error, match):
    with pytest.raises(error, match=match):
        mc_predict(softmax_model(), rows(), **arguments)


def test_what_is_no_model_is_refused():
    with pytest.raises(TypeError, match="`model` must be a"):
        mc_predict(lambda x: x, rows())


@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_progress_is_shown_if_asked_for(verbose, capsys):
    mc_predict(softmax_model(), rows(), 2, seed=0, verbose=verbose)
    assert bool(capsys.readouterr().out) == (verbose > 0)


OPTIONS = {
    "eager": {"run_eagerly": True, "jit_compile": False},
    "without xla": {"jit_compile": False},
    "xla": {"jit_compile": keras.backend.backend() != "torch"},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("layer", [L.Dropout(0.5), L.AlphaDropout(0.5)])
def test_it_is_compiled_as_the_model_is(layer, options):
    model = flat(L.Dense(4, "relu"), layer)
    expected = mc_predict(model, rows(), samples=10, seed=0)
    model.compile(**options)
    found = mc_predict(model, rows(), samples=10, seed=0)
    np.testing.assert_allclose(found.mean, expected.mean, atol=1e-5)
    np.testing.assert_allclose(found.std, expected.std, atol=1e-5)


def test_keras_global_seed_generator_does_not_advance():
    model = softmax_model()
    keras.random.normal((2,))
    before = prediction_state(model)
    assert before["global seed"] is not None
    mc_predict(model, rows(), samples=4, seed=0)
    assert changed(before, prediction_state(model)) == []

"""The losses of reconstructions, against NumPy; dtypes; no traces left."""

import keras
import numpy as np
import pytest

from keras_trainkit.pretraining.corruption import mask
from keras_trainkit.pretraining.training_models import LabelPrediction
from keras_trainkit.pretraining.training_models import Reconstruction
from tests.helpers.arrays import to_numpy

L = keras.layers
RNG = np.random.default_rng(0)
ROWS = RNG.uniform(size=(4, 6)).astype("float32")
IMAGES = RNG.uniform(size=(4, 4, 4, 2)).astype("float32")


def encoder(x, dtype=None):
    layer = L.Dense(3, dtype=dtype)
    return keras.Sequential([keras.Input(x.shape[1:]), layer])


def compiled(x, corrupt, loss="mse"):
    model = Reconstruction(encoder(x), L.Dense(x.shape[-1]), corrupt)
    model.compile("sgd", loss)
    return model


def loss_of(model, x, y_pred, **arguments):
    return float(to_numpy(model.compute_loss(x, None, y_pred, **arguments)))


def huber(error):
    size = np.abs(error)
    return np.where(size < 1, size**2 / 2, size - 1 / 2)


@pytest.mark.parametrize(
    "loss, by_hand",
    [("mse", np.square), ("mae", np.abs), (keras.losses.Huber(), huber)],
    ids=["mse", "mae", "huber"],
)
@pytest.mark.parametrize("x", [ROWS, IMAGES], ids=["features", "patches"])
def test_only_what_was_hidden_counts(x, loss, by_hand):
    model = compiled(x, mask(0.5, seed=1), loss)
    predicted, places = model(x)
    hidden = to_numpy(places) == 1
    expected = by_hand(to_numpy(predicted) - x)[hidden].mean()
    found = loss_of(model, x, (predicted, places))
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("x", [ROWS, IMAGES], ids=["features", "patches"])
def test_a_perfect_guess_of_the_hidden_is_no_loss_whatever_the_rest(x):
    model = compiled(x, mask(0.5, seed=1))
    places = to_numpy(model(x)[1])
    wide = places if x.ndim == 2 else places[..., None]
    guess = np.where(wide == 1, x, 99.0).astype("float32")
    assert loss_of(model, x, (guess, places)) == 0


def test_everything_counts_where_that_is_asked_for():
    model = compiled(ROWS, mask(0.5, loss_on="all"))
    predicted = to_numpy(model(ROWS))
    assert loss_of(model, ROWS, predicted) == pytest.approx(
        np.square(predicted - ROWS).mean(), rel=1e-5
    )


@pytest.mark.parametrize("x", [ROWS, IMAGES], ids=["features", "patches"])
def test_sample_weights_weigh_whole_rows(x):
    model = compiled(x, None)
    predicted = to_numpy(model(x))
    weights = np.array([1, 0, 2, 3], "float32")
    each = np.square(predicted - x).reshape(4, -1).mean(axis=1)
    found = loss_of(model, x, predicted, sample_weight=weights)
    assert found == pytest.approx((each * weights).mean(), rel=1e-5)


def test_sample_weights_weigh_what_is_hidden_of_a_row():
    model = compiled(ROWS, mask(0.5, seed=1))
    predicted, places = map(to_numpy, model(ROWS))
    weights = np.array([1, 0, 2, 3], "float32")
    each = (np.square(predicted - ROWS) * places).sum(axis=1) / 3
    found = loss_of(model, ROWS, (predicted, places), sample_weight=weights)
    assert found == pytest.approx((each * weights).mean(), rel=1e-5)


def test_a_reconstruction_of_another_shape_is_refused():
    model = Reconstruction(encoder(ROWS), L.Dense(1))
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"what the inputs are: \(6,\)"):
        model.compute_loss(ROWS, None, model(ROWS))


@pytest.mark.parametrize(
    "dtype, scaled",
    [("mixed_float16", True), ("mixed_bfloat16", False), (None, False)],
)
def test_the_loss_is_scaled_where_the_encoder_needs_it(dtype, scaled):
    inner = keras.Sequential([keras.Input((6,)), encoder(ROWS, dtype)])
    model = Reconstruction(inner, L.Dense(6))
    model.compile("sgd", "mse")
    scaling = keras.optimizers.LossScaleOptimizer
    assert isinstance(model.optimizer, scaling) == scaled


def test_integers_are_corrupted_as_floats():
    model = Reconstruction(encoder(ROWS), L.Dense(6), mask(value=-0.5))
    whole = np.ones((4, 6), "uint8")
    assert keras.backend.is_float_dtype(model(whole)[0].dtype)


def test_the_encoder_gets_no_node_and_no_part_of_the_model():
    part = encoder(ROWS)
    before = part.layers[0].output
    LabelPrediction(part, L.Dense(2))(ROWS)
    assert part.layers[0].output is before
    assert [type(layer) for layer in part.layers] == [L.Dense]
    assert not part._outbound_nodes


def test_several_inputs_go_through_the_same_encoder():
    part = encoder(ROWS)
    head = L.Subtract()
    found = LabelPrediction(part, head)((ROWS, ROWS[::-1]))
    expected = to_numpy(part(ROWS)) - to_numpy(part(ROWS[::-1]))
    np.testing.assert_allclose(to_numpy(found), expected, atol=1e-6)

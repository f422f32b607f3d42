import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.backend.randomness.random_masks import Draws
from keras_trainkit.backend.randomness.random_masks import as_key
from keras_trainkit.kernels.dropout import used_rate
from keras_trainkit.sampling.random_layers import RandomLayers
from keras_trainkit.sampling.switched_layers import NothingDrawn
from keras_trainkit.sampling.switched_layers import dropped_copies
from keras_trainkit.sampling.switched_layers import dropping
from keras_trainkit.sampling.switched_layers import drops_everything
from keras_trainkit.sampling.switched_layers import drops_plainly
from tests.helpers.arrays import to_numpy
from tests.helpers.prediction_state import changed
from tests.helpers.prediction_state import prediction_state
from tests.helpers.random_zoo import OwnDropout
from tests.helpers.random_zoo import model_and_data

L = keras.layers
XLA = keras.backend.backend() == "jax"


def draws():
    return Draws(as_key(3), XLA)


def switched(layer, x, training=False):
    with dropping([layer], draws()):
        return to_numpy(layer(x, training=training))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(
    "layer, shape",
    [
        (L.Dropout(0.3), (5, 6)),
        (ktk.layers.MCDropout(0.3), (5, 6)),
        (L.Dropout(0.3, noise_shape=(None, 1)), (5, 6)),
        (L.SpatialDropout1D(0.3), (5, 3, 6)),
        (L.SpatialDropout2D(0.3), (5, 2, 2, 6)),
        (L.SpatialDropout3D(0.3), (5, 2, 2, 2, 6)),
        (ktk.layers.MCSpatialDropout1D(0.3), (5, 3, 6)),
    ],
)
def test_dropped_or_scaled(layer, shape, training):
    found = switched(layer, np.ones(shape, "float32"), training)
    values = np.unique(found)
    np.testing.assert_allclose(values, [0, 1 / (1 - used_rate(0.3))], rtol=1e-6)


def test_spatial_dropout_drops_whole_maps():
    found = switched(L.SpatialDropout2D(0.5), np.ones((9, 4, 4, 8), "float32"))
    np.testing.assert_array_equal(found, found[:, :1, :1] + 0 * found)


@pytest.mark.parametrize("rate, expected", [(0.0, 1.0), (1.0, 0.0)])
def test_rates_that_are_not_random(rate, expected):
    found = switched(L.Dropout(rate), np.ones((4, 5), "float32"))
    np.testing.assert_array_equal(found, np.full((4, 5), expected))


def test_the_dtype_is_kept():
    layer = L.Dropout(0.3, dtype="float16")
    assert switched(layer, np.ones((4, 5), "float16")).dtype == "float16"


def test_a_users_call_is_kept():
    found = switched(OwnDropout(0.5), np.ones((9, 9), "float32"))
    assert set(np.unique(found)) == {1.0, 3.0}


@pytest.mark.parametrize("error", [None, RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("name", ["lstm", "dropout", "multi-head"])
def test_layers_are_given_back(name, error):
    model, x = model_and_data(name, rows=2)
    model(x)
    before = prediction_state(model)
    try:
        with dropping(RandomLayers(model).rates, draws()):
            model(x)
            if error is not None:
                raise error
    except (RuntimeError, KeyboardInterrupt):
        pass
    assert changed(before, prediction_state(model)) == []


def test_a_call_that_was_there_is_given_back():
    layer = L.Dropout(0.5)
    own = vars(layer)["call"] = lambda inputs, training=False: inputs + 1
    with dropping([layer], draws()):
        assert float(layer(np.zeros(1, "float32"))[0]) == 1.0
    assert vars(layer)["call"] is own


@pytest.mark.parametrize("training, expected", [(True, 2.0), (False, 1.0)])
def test_other_layers_run_in_the_mode_that_is_asked_for(training, expected):
    class Doubles(L.Layer):
        def call(self, x, training=None):
            return 2 * x if training else x

    layer = Doubles()
    with dropping([], draws(), modes=[(layer, training)]):
        found = layer(np.ones(1, "float32"), training=not training)
    assert float(found[0]) == expected


def test_a_layer_without_modes_is_left_alone():
    layer = L.Dense(1, kernel_initializer="ones")
    with dropping([], draws(), modes=[(layer, True)]):
        found = layer(np.ones((1, 1), "float32"))
    assert float(found[0, 0]) == 1.0


@keras.saving.register_keras_serializable(package="keras_trainkit_tests")
class DrawsNothing(L.Dropout):
    def call(self, inputs, training=False):
        return inputs


@pytest.mark.parametrize("layer", [L.Dense(1), DrawsNothing(0.5)])
def test_layers_that_have_to_draw_are_named(layer):
    silent, used = L.Dropout(0.5), L.Dropout(0.5)
    both = [silent, used]
    raises = pytest.raises(NothingDrawn)
    with raises as caught, dropping(both, draws(), required=both):
        layer(used(np.ones((1, 1), "float32")))
    assert caught.value.layers == [silent]


def test_copies_are_dropped_without_being_made():
    layer = L.Dropout(0.5)
    x = np.arange(1, 13, dtype="float32").reshape((3, 4))
    found = to_numpy(
        dropped_copies(layer, draws(), keras.ops.convert_to_tensor(x), 400)
    )
    copies = found.reshape((400, 3, 4))
    values = np.where(copies == 0, 0, 2 * x)
    np.testing.assert_allclose(copies, values, rtol=1e-6)
    kept = (copies != 0).reshape((400, 12))
    assert np.abs(kept.mean(axis=0) - 0.5).max() < 5 * 0.5 / 20
    correlation = np.corrcoef(kept.T) - np.eye(12)
    assert np.abs(correlation).max() < 5 / 20


@pytest.mark.parametrize(
    "layer, plain",
    [
        (L.Dropout(0.5), True),
        (ktk.layers.MCDropout(0.5), True),
        (L.Dropout(0.5, noise_shape=(None, 1)), False),
        (L.Dropout(0.0), False),
        (L.Dropout(1.0), False),
        (L.SpatialDropout1D(0.5), False),
        (OwnDropout(0.5), False),
        (L.AlphaDropout(0.5), False),
        (L.Dense(2), False),
    ],
)
def test_which_layers_drop_plainly(layer, plain):
    assert drops_plainly(layer) == plain


@pytest.mark.parametrize(
    "layer, everything",
    [
        (L.Dropout(1.0), True),
        (L.Dropout(1, noise_shape=(None, 1)), True),
        (ktk.layers.MCDropout(1.0), True),
        (L.SpatialDropout1D(1.0), True),
        (L.Dropout(0.5), False),
        (OwnDropout(1.0), False),
        (L.LSTMCell(2, dropout=1.0), False),
        (L.Dense(2), False),
        (None, False),
    ],
)
def test_which_layers_drop_everything(layer, everything):
    assert drops_everything(layer) == everything

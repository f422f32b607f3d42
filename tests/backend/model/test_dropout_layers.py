import threading

import keras
import numpy as np
import pytest

from keras_trainkit.backend.model.dropout_layers import DroppingCell
from keras_trainkit.backend.model.dropout_layers import SpatialDropout
from keras_trainkit.backend.model.dropout_layers import masks_elsewhere
from keras_trainkit.backend.model.dropout_layers import noise_shape_of
from keras_trainkit.backend.model.dropout_layers import runs_call_of
from keras_trainkit.backend.model.lent_methods import lent_methods
from tests.helpers.arrays import to_numpy

L = keras.layers
ONES = np.ones((2, 3), "float32")


class Passing:
    def call(self, inputs, training=False):
        return super().call(inputs, training=True)


class PassesOn(Passing, L.Dropout):
    pass


class OwnCall(L.Dropout):
    def call(self, inputs, training=False):
        return inputs


@pytest.mark.parametrize(
    "layer, expected",
    [
        (L.Dropout(0.5), True),
        (PassesOn(0.5), True),
        (OwnCall(0.5), False),
        (L.SpatialDropout1D(0.5), False),
        (L.Dense(2), False),
    ],
)
def test_whose_call_a_layer_runs(layer, expected):
    assert runs_call_of(layer, L.Dropout, (Passing,)) == expected


def test_a_call_on_the_instance_is_a_call_of_its_own():
    layer = L.Dropout(0.5)
    vars(layer)["call"] = lambda inputs, training=False: inputs
    assert not runs_call_of(layer, L.Dropout)


@pytest.mark.parametrize(
    "layer, shape, expected",
    [
        (L.Dropout(0.5), (2, 3), None),
        (L.Dropout(0.5, noise_shape=(None, 1)), (2, 3), (None, 1)),
        (L.SpatialDropout1D(0.5), (2, 3, 4), (2, 1, 4)),
    ],
)
def test_the_shape_of_the_mask(layer, shape, expected):
    assert noise_shape_of(layer, np.ones(shape, "float32")) == expected


@pytest.mark.parametrize(
    "make", [L.LSTMCell, L.GRUCell, L.SimpleRNNCell], ids=lambda m: m.__name__
)
def test_masks_are_kept_off_the_cell(make):
    cell = make(3, dropout=0.5, recurrent_dropout=0.5)
    with lent_methods(masks_elsewhere(cell)):
        first, state = masks(cell)
        assert set(np.unique(first)) <= {0.0, 2.0}
        np.testing.assert_array_equal(first, masks(cell)[0])
        np.testing.assert_array_equal(state, masks(cell)[1])
        cell.reset_dropout_mask()
        cell.reset_recurrent_dropout_mask()
        later = np.stack([fresh(cell) for _ in range(20)])
        assert len(np.unique(later, axis=0)) > 1
        kept = masks(cell)[0]
        assert not hasattr(cell, "_dropout_mask")
        assert not hasattr(cell, "_recurrent_dropout_mask")
        thread = threading.Thread(target=cell.reset_dropout_mask)
        thread.start()
        thread.join()
        np.testing.assert_array_equal(kept, masks(cell)[0])
    assert "get_dropout_mask" not in vars(cell)


def masks(cell):
    first = cell.get_dropout_mask(ONES)
    return to_numpy(first), to_numpy(cell.get_recurrent_dropout_mask(ONES))


def fresh(cell):
    cell.reset_dropout_mask()
    return masks(cell)[0]


def test_a_cell_without_dropout_has_no_mask():
    cell = L.GRUCell(3)
    with lent_methods(masks_elsewhere(cell)):
        assert cell.get_dropout_mask(ONES) is None


class OwnMasks(L.GRUCell):
    def get_dropout_mask(self, step_input):
        return None


def test_masks_of_a_users_own_are_left_alone():
    assert masks_elsewhere(OwnMasks(3, dropout=0.5)) == []


def test_keras_still_has_these_classes():
    assert issubclass(L.SpatialDropout2D, SpatialDropout)
    assert issubclass(L.LSTMCell, DroppingCell)
    assert isinstance(L.ConvLSTM1D(2, 2).cell, DroppingCell)

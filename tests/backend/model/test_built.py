"""Models that have their variables, or some, or none."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.model.built import require_built
from keras_trainkit.backend.model.built import require_weights


class HalfBuilt(keras.Model):
    """One of its layers is never called."""

    def __init__(self):
        super().__init__()
        self.used, self.unused = keras.layers.Dense(2), keras.layers.Dense(2)

    def call(self, x):
        return self.used(x)


@pytest.fixture
def half():
    model = HalfBuilt()
    model(np.ones((1, 3), "float32"))
    return model


def test_a_built_model_passes():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    assert require_built(model) is None
    assert require_weights(model) is None


@pytest.mark.parametrize("require", [require_built, require_weights])
def test_a_model_without_variables_is_refused(require):
    model = keras.Sequential([keras.layers.Dense(2)], name="new")
    with pytest.raises(ValueError, match=r"`model` must be built.*'new'"):
        require(model)
    assert not model.built


@pytest.mark.parametrize("require", [require_built, require_weights])
def test_what_is_no_model_is_refused(require):
    with pytest.raises(TypeError, match=r"`model` must be a `keras\.Model`"):
        require("model.keras")


def test_a_part_that_is_not_built_counts_where_all_has_to_be(half):
    require_weights(half)
    with pytest.raises(ValueError, match="`model` must be built"):
        require_built(half)

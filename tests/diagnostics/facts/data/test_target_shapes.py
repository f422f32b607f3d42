import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics.facts.data.target_shapes import outcome

SHAPES = [(1,), (3,), (4, 1), (4, 3), (4,), (2, 4, 1), (2, 4)]


@pytest.mark.parametrize("output", SHAPES)
@pytest.mark.parametrize("target", [(), *SHAPES])
@pytest.mark.one_backend
def test_as_keras_does(output, target):
    told = outcome((None, *output), (7, *target))
    one, other = (list(shape) for shape in (output, target))
    one, other = (s[:-1] if s[-1:] == [1] else s for s in (one, other))
    assert (told == "same") == (one == other)
    if told != "unlike":
        loss = keras.losses.MeanSquaredError(reduction="none")
        rows = loss(np.ones((7, *target)), np.zeros((7, *output)))
        assert rows.shape[0] == 7

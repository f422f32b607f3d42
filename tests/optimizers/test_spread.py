import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.tanh_net import tanh_net

spread = ktk.optimizers.spread


def kernels(found, model):
    return [found(layer.kernel) for layer in model.layers]


def test_rates_are_a_geometric_row():
    model = tanh_net()
    np.testing.assert_allclose(
        kernels(spread(model, 0.01, 4.0), model), np.geomspace(0.01, 4.0, 3)
    )


def test_neighbours_share_a_rate_in_fewer_groups():
    model = tanh_net()
    assert kernels(spread(model, 0.1, n=2), model) == [0.1, 0.1, 1.0]


@pytest.mark.parametrize(
    ("lowest", "highest"), [(0.0, 1.0), (-1, 1), (0.1, np.inf), (2.0, 1.0)]
)
def test_bounds_out_of_range_are_refused(lowest, highest):
    with pytest.raises(ValueError, match="est"):
        spread(tanh_net(), lowest, highest)


def test_types_that_are_refused():
    with pytest.raises(TypeError, match="lowest"):
        spread(tanh_net(), "low")
    with pytest.raises(TypeError, match="model"):
        spread(None, 0.1)

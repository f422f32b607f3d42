"""What several processes of JAX cannot do together is refused at the start."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.backend.devices import distribution
from tests.helpers.models import mlp
from tests.helpers.models import regression_data

pytestmark = pytest.mark.one_backend
X, Y = regression_data(16)


def evaluation(model):
    callback = ktk.callbacks.MCEvaluation(X, Y > 0)
    callback.set_model(model)
    callback.on_train_begin()


CALLS = {
    "MCEvaluation": evaluation,
    "find_batch_size": lambda model: ktk.tuning.find_batch_size(model, X, Y),
    "batch_size_curve": lambda model: ktk.tuning.batch_size_curve(
        model, X, Y, [8]
    ),
    "try_fixes": lambda model: ktk.diagnostics.try_fixes(
        model, X, Y, (X, Y), {"epochs": 1}
    ),
    "search_depth": lambda model: ktk.transfer.search_depth(
        model, X, Y, (X, Y)
    ),
    "stacked": lambda model: ktk.pretraining.stacked(model, X, epochs=1),
}


@pytest.mark.parametrize("owner", CALLS)
def test_it_is_an_error_at_the_start(owner, monkeypatch):
    model = mlp()
    model.compile(keras.optimizers.SGD(0.1), "mse")
    before = model.get_weights()
    monkeypatch.setattr(distribution, "spans_processes", lambda: True)
    with pytest.raises(ValueError, match=f"Expected one process with {owner}"):
        CALLS[owner](model)
    np.testing.assert_array_equal(
        np.concatenate([w.ravel() for w in model.get_weights()]),
        np.concatenate([w.ravel() for w in before]),
    )

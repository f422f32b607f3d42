import keras
import numpy as np

from keras_trainkit.backend.model import training_flags
from keras_trainkit.backend.model.graph_nodes import nodes_of
from keras_trainkit.backend.model.training_flags import called_with
from keras_trainkit.backend.model.training_flags import flag_in_force
from keras_trainkit.backend.model.training_flags import graphs_keep_flags
from keras_trainkit.backend.model.training_flags import training_of
from tests.helpers.arrays import to_numpy

L = keras.layers
X = np.ones((4, 50), "float32")


def always_dropping():
    x = keras.Input((50,))
    return keras.Model(x, L.Dropout(0.5)(L.Dropout(0.5)(x, training=True)))


def test_a_layer_runs_in_inference_mode():
    layer = L.Dropout(0.9)
    np.testing.assert_array_equal(to_numpy(called_with(layer, False)(X)), X)
    total = called_with(L.Add(), False)([X, X])
    np.testing.assert_array_equal(to_numpy(total), X + X)


def test_what_is_no_layer_is_called_as_it_is():
    total = called_with(keras.Input((2,)) + 1, True)
    assert total is not None
    operation = nodes_of(always_dropping())[0].operation
    assert called_with(operation, None) is operation


def test_a_node_knows_its_own_flag():
    first, second = nodes_of(always_dropping())
    assert training_of(first) is True
    # Up to 3.15 Keras notes the default of `call`, too.
    assert not training_of(second)


def test_the_installed_keras_is_asked():
    """Whatever it does, what is said here is what its `predict` does."""
    x = keras.Input((50,))
    model = keras.Model(x, L.Dropout(0.5)(x, training=True))
    drops = bool((model.predict(X, verbose=0) == 0).any())
    assert graphs_keep_flags() is drops


def test_the_own_flag_counts_where_keras_keeps_it(monkeypatch):
    first, second = nodes_of(always_dropping())
    monkeypatch.setattr(training_flags, "graphs_keep_flags", lambda: True)
    assert flag_in_force(first, False) is True
    assert flag_in_force(second, False) is False
    assert flag_in_force(first, None) is True
    monkeypatch.setattr(training_flags, "graphs_keep_flags", lambda: False)
    assert flag_in_force(first, False) is False


def test_names_that_keras_counts_up_are_not_used():
    keras.backend.clear_session()
    graphs_keep_flags.__wrapped__()
    x = keras.Input((1,))
    model = keras.Model(x, L.Dense(1)(x))
    assert (x.name, model.name) == ("keras_tensor", "functional")

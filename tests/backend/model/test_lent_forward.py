"""One model answers inputs of two kinds."""

import threading

import keras
import numpy as np
import pytest

from keras_trainkit.backend.model.lent_forward import answering
from keras_trainkit.backend.model.lent_forward import is_quantized
from tests.helpers.arrays import to_numpy
from tests.helpers.models import linear_model

X = np.ones((2, 8), "float32")
LENT = {"lent": (np.full((2, 3), 5.0, "float32"),)}


def doubled(tensors, training):
    return 2 * keras.ops.convert_to_tensor(tensors[0]) + int(training)


def functional():
    model = linear_model()
    return keras.Model(model.inputs, model.outputs)


@pytest.mark.parametrize("make", [linear_model, functional])
def test_inputs_with_the_name_go_to_the_function(make):
    model = make()
    before, expected = set(vars(model)), to_numpy(model(X))
    with answering(model, "lent", doubled):
        np.testing.assert_array_equal(to_numpy(model(LENT)), 10)
        np.testing.assert_array_equal(to_numpy(model(LENT, training=True)), 11)
        np.testing.assert_array_equal(to_numpy(model(X)), expected)
        of_a_thread = []
        thread = threading.Thread(target=lambda: of_a_thread.append(model(X)))
        thread.start()
        thread.join()
    np.testing.assert_array_equal(to_numpy(of_a_thread[0]), expected)
    assert set(vars(model)) == before
    np.testing.assert_array_equal(to_numpy(model(X)), expected)


def test_features_are_not_cast_to_the_dtype_of_the_model():
    model = keras.Sequential(
        [keras.Input((8,)), keras.layers.Dense(1)],
    )
    model.dtype_policy = keras.dtype_policies.get("mixed_float16")
    with answering(model, "lent", lambda tensors, training: tensors[0]):
        kept = model({"lent": [keras.ops.ones((2, 1), "float32")]})
    assert keras.backend.standardize_dtype(kept.dtype) == "float32"


def test_a_stateless_call_is_answered_too():
    model = linear_model()
    values = [v.value for v in model.trainable_variables], []
    with answering(model, "lent", doubled):
        outputs, _ = model.stateless_call(*values, LENT, training=True)
    np.testing.assert_array_equal(to_numpy(outputs), 11)


def test_a_quantised_policy_is_told():
    model = linear_model()
    assert not is_quantized(model)
    model.dtype_policy = keras.dtype_policies.get("int8_from_float32")
    assert is_quantized(model)

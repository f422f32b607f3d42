import keras
import numpy as np
import pytest

from keras_trainkit.backend.model.graph_nodes import arguments_of
from keras_trainkit.backend.model.graph_nodes import entry_of
from keras_trainkit.backend.model.graph_nodes import exit_of
from keras_trainkit.backend.model.graph_nodes import functional_of
from keras_trainkit.backend.model.graph_nodes import is_in_graph
from keras_trainkit.backend.model.graph_nodes import mask_of
from keras_trainkit.backend.model.graph_nodes import node_of
from keras_trainkit.backend.model.graph_nodes import nodes_of
from keras_trainkit.backend.model.graph_nodes import set_mask
from keras_trainkit.backend.model.graph_nodes import structured_outputs
from tests.helpers.arrays import to_numpy

L = keras.layers


def model():
    x = keras.Input((3,))
    h = L.Dense(2, name="first")(x)
    return keras.Model(x, {"y": L.Dropout(0.5, name="drop")(h), "h": h})


def sequence(*layers):
    return keras.Sequential([keras.Input((2, 3)), *layers])


def masked_sequence():
    x = np.ones((1, 2, 3), "float32")
    x[:, 1] = 0
    x = keras.ops.convert_to_tensor(x)
    set_mask(x, keras.ops.convert_to_tensor([[True, False]]))
    return x


def test_keras_still_has_the_privates():
    one = model()
    assert one._nodes_by_depth and one._outputs_struct is not None
    assert callable(one._standardize_inputs)
    assert callable(one._assert_input_compatibility)
    assert callable(one._set_mask_metadata)
    assert one._convert_input_args is False
    assert sequence(L.Dense(1))._functional


def test_nodes_come_in_an_order_in_which_they_run():
    names = [node.operation.name for node in nodes_of(model())]
    assert names == ["first", "drop"]


def test_a_sequential_model_has_a_graph_once_its_input_is_known():
    assert functional_of(sequence(L.Dense(1))).outputs
    assert functional_of(keras.Sequential([L.Dense(1)])) is None


def test_the_arguments_of_a_call_are_those_of_the_graph():
    x = keras.Input((2, 3))
    attended = L.MultiHeadAttention(1, 2)(x, value=x, use_causal_mask=True)
    (node,) = nodes_of(keras.Model(x, attended))
    args, kwargs = arguments_of(node)([7] * len(node.input_tensors))
    assert args == (7,)
    assert kwargs["value"] == 7 and kwargs["use_causal_mask"] is True


def test_outputs_get_the_structure_of_the_model():
    assert structured_outputs(model(), ["h", "y"]) == {"h": "h", "y": "y"}
    x = keras.Input((3,))
    assert structured_outputs(keras.Model(x, L.Dense(1)(x)), [5]) == 5


def test_inputs_enter_as_into_the_model():
    one = model()
    (found,) = entry_of(one, one)((np.ones((2, 3), "int32"),), {})
    assert keras.backend.standardize_dtype(found.dtype) == "float32"


def test_a_wrong_shape_is_refused_as_by_the_model():
    one = model()
    with pytest.raises(ValueError, match="incompatible"):
        entry_of(one, one)((np.ones((2, 4), "float32"),), {})


def test_masks_enter_and_leave_a_nested_model():
    inner = sequence(L.Dense(3))
    x = masked_sequence()
    (entered,) = entry_of(inner, functional_of(inner))((x,), {})
    assert to_numpy(mask_of(entered)).tolist() == [[True, False]]
    inner.supports_masking = True
    (left,) = exit_of(inner)((x,), {}, [keras.ops.ones((1, 2, 3))])
    assert to_numpy(mask_of(left)).tolist() == [[True, False]]


def test_what_has_no_mask():
    assert mask_of(keras.ops.ones((2,))) is None
    assert mask_of("text") is None


def test_the_node_that_made_a_tensor_reads_what_came_before():
    x = keras.Input((3,))
    dense = L.Dense(2)
    first, second = dense(x), dense(x * 2)
    assert node_of(first).operation is node_of(second).operation is dense
    assert node_of(first).input_tensors == [x]
    assert node_of(second).input_tensors != [x]
    assert node_of(x).input_tensors == []
    assert node_of(np.ones(3)) is None


def test_what_is_called_inside_of_a_layer_is_in_no_graph():
    inner, dense = keras.layers.ReLU(), keras.layers.Dense(2)
    outer = keras.layers.TimeDistributed(inner)
    assert not is_in_graph(dense)
    outer(dense(keras.Input((3, 4))))
    outer(np.ones((1, 3, 4)))
    assert is_in_graph(dense) and is_in_graph(outer)
    assert not is_in_graph(inner)

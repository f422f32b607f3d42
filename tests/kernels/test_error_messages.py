import pytest

from keras_trainkit.kernels.error_messages import essence
from keras_trainkit.kernels.error_messages import is_about_shapes
from keras_trainkit.kernels.error_messages import is_none_used
from keras_trainkit.kernels.error_messages import node_name
from keras_trainkit.kernels.error_messages import shapes_in
from keras_trainkit.kernels.error_messages import sizes_in

GRAPH = """Graph execution error:

Detected at node gradient_tape/net_1/noise_1/add defined at (most recent call \
last):
  File "/home/me/shape (3, 4).py", line 5, in <module>

Incompatible shapes: [8,6] vs. [32,6]
\t [[{{node gradient_tape/net_1/noise_1/add}}]] [Op:__inference_step_4981]"""
KERAS = """Exception encountered when calling Dense.call().

\x1b[1mmat1 and mat2 shapes cannot be multiplied (32x6 and 5x3)\x1b[0m

Arguments received by Dense.call():
  • inputs=torch.Tensor(shape=torch.Size([32, 6]), dtype=float32)"""


@pytest.mark.parametrize(
    "message, sizes",
    [
        (GRAPH, [8, 6, 32]),
        (KERAS, [32, 6, 5, 3]),
        ("expected axis -1 to have value 8, shape (None, 7)", [7, 8]),
        ("Dimensions must be equal, but are 6 and 5 for 'x'", [6, 5]),
        (
            "size of tensor a (8) must match the size of tensor b (32) at "
            "non-singleton dimension 0",
            [8, 32],
        ),
        ("shape '[-1, 3, 4]' is invalid for input of size 830", [3, 4, 830]),
        ("axis values 4 (at axis 1) != 3 (at axis 1)", [4, 3]),
    ],
    ids=["graph", "keras", "axis", "dimensions", "torch", "reshape", "dot"],
)
def test_sizes(message, sizes):
    assert sizes_in(essence(message)) == sizes
    assert is_about_shapes(message) or "axis values" in message


@pytest.mark.parametrize(
    "text, shapes",
    [
        ("(None, 7), [?,5]", [(None, 7), (None, 5)]),
        ("torch.Size([32]) 4x6", [(32,), (4, 6)]),
        ("[None 1 1 4]", [(None, 1, 1, 4)]),
        ("(dynamic_dimension, 6), (32, 6).", [(None, 6), (32, 6)]),
        ("call(x) of a[i] (see below)", []),
    ],
)
def test_shapes(text, shapes):
    assert shapes_in(text) == shapes


def test_files_and_arguments_are_no_part_of_the_essence():
    assert "File" not in essence(GRAPH)
    assert "Arguments" not in essence(KERAS)
    assert "\x1b" not in essence(KERAS)


@pytest.mark.parametrize(
    "message, node",
    [
        (GRAPH, "gradient_tape/net_1/noise_1/add"),
        (
            "are 6 and 5 for '{{node own_1/MatMul}} = MatMul[T=DT]'",
            "own_1/MatMul",
        ),
        (KERAS, ""),
    ],
    ids=["found while running", "found while tracing", "none"],
)
def test_the_node(message, node):
    assert node_name(message) == node


@pytest.mark.parametrize(
    "message",
    [
        "CUDA out of memory. Tried to allocate a tensor of shape (3, 4)",
        "OOM when allocating tensor with shape[1024,1024]",
        "RESOURCE_EXHAUSTED: allocating shape f32[3,4] broadcast",
        "You must call `compile()` before using the model.",
        "could not find file",
        "Unknown layer: 'Shapely'",
    ],
)
def test_other_messages_are_not_about_shapes(message):
    assert not is_about_shapes(message)


@pytest.mark.parametrize(
    "message",
    [
        "Expected float32, but got far of type 'str'.",
        "logits and labels must have the same first dimension, got logits "
        "shape [8,10] and labels shape [7]",
    ],
)
def test_what_tensorflow_says_of_data(message):
    assert is_about_shapes(message)


@pytest.mark.parametrize(
    "message, is_told",
    [
        ("None values not supported.", True),
        ("'NoneType' object has no attribute 'shape'", True),
        ("'NoneType' object has no attribute 'split'", False),
    ],
)
def test_none_in_the_place_of_a_tensor(message, is_told):
    assert is_none_used(message) is is_told
    assert is_about_shapes(message) is is_told

"""What kind of layer a layer is, and which activation it has."""

import keras

from keras_trainkit.backend.model.keras_kinds import is_preprocessing
from keras_trainkit.models.normalization import normalizes

_LAYERS = keras.layers
TRANSPOSED = (
    _LAYERS.Conv1DTranspose,
    _LAYERS.Conv2DTranspose,
    _LAYERS.Conv3DTranspose,
)
SEPARABLE = (_LAYERS.SeparableConv1D, _LAYERS.SeparableConv2D)
# Each unit has weights and a bias of its own, and can be taken out alone.
WITH_UNITS = (
    _LAYERS.Dense,
    _LAYERS.Conv1D,
    _LAYERS.Conv2D,
    _LAYERS.Conv3D,
    *TRANSPOSED,
    *SEPARABLE,
)
# Of several that match, the first counts.
_KINDS = {
    "input": (_LAYERS.InputLayer,),
    "dense": (_LAYERS.Dense, _LAYERS.EinsumDense),
    "conv": (
        _LAYERS.Conv1D,
        _LAYERS.Conv2D,
        _LAYERS.Conv3D,
        *TRANSPOSED,
        _LAYERS.DepthwiseConv1D,
        _LAYERS.DepthwiseConv2D,
        *SEPARABLE,
    ),
    "recurrent": (
        _LAYERS.RNN,
        _LAYERS.Bidirectional,
        _LAYERS.ConvLSTM1D,
        _LAYERS.ConvLSTM2D,
        _LAYERS.ConvLSTM3D,
    ),
    "embedding": (_LAYERS.Embedding,),
    "attention": (
        _LAYERS.MultiHeadAttention,
        _LAYERS.GroupQueryAttention,
        _LAYERS.Attention,
        _LAYERS.AdditiveAttention,
    ),
    "dropout": (
        _LAYERS.Dropout,
        _LAYERS.SpatialDropout1D,
        _LAYERS.SpatialDropout2D,
        _LAYERS.SpatialDropout3D,
        _LAYERS.AlphaDropout,
        _LAYERS.GaussianDropout,
        _LAYERS.GaussianNoise,
        _LAYERS.ActivityRegularization,
    ),
    "activation": (
        _LAYERS.Activation,
        _LAYERS.ReLU,
        _LAYERS.LeakyReLU,
        _LAYERS.PReLU,
        _LAYERS.ELU,
        _LAYERS.Softmax,
    ),
    "reshape": (
        _LAYERS.Flatten,
        _LAYERS.Reshape,
        _LAYERS.Permute,
        _LAYERS.RepeatVector,
        _LAYERS.ZeroPadding1D,
        _LAYERS.ZeroPadding2D,
        _LAYERS.ZeroPadding3D,
        _LAYERS.Cropping1D,
        _LAYERS.Cropping2D,
        _LAYERS.Cropping3D,
        _LAYERS.UpSampling1D,
        _LAYERS.UpSampling2D,
        _LAYERS.UpSampling3D,
        _LAYERS.Masking,
        _LAYERS.Identity,
    ),
    "merge": (
        _LAYERS.Add,
        _LAYERS.Subtract,
        _LAYERS.Multiply,
        _LAYERS.Average,
        _LAYERS.Maximum,
        _LAYERS.Minimum,
        _LAYERS.Concatenate,
        _LAYERS.Dot,
    ),
}
_RESHAPING = [
    "Reshape",
    "Transpose",
    "ExpandDims",
    "Squeeze",
    "Flatten",
    "Cast",
    "Identity",
    "ConvertToTensor",
    "StopGradient",
    "GetItem",
    "Pad",
    "Moveaxis",
    "Swapaxes",
    "BroadcastTo",
]
_MERGING = [
    "Add",
    "Subtract",
    "Multiply",
    "Divide",
    "TrueDivide",
    "Concatenate",
    "Stack",
    "Maximum",
    "Minimum",
    "Matmul",
    "Einsum",
    "Dot",
]
_POOLING = ["Mean", "Max", "Sum", "MaxPool", "AveragePool"]
_WRAPPERS = (_LAYERS.TimeDistributed, _LAYERS.SpectralNormalization)
# Of ours, by name: their folder lies above this one.
_OUR_ACTIVATIONS = ("RReLU", "Swish", "SquaredReLU")
_OUR_GATES = ("GLU", "SwiGLU")
_OWN_NAMES = {
    "re_lu": "relu",
    "leaky_re_lu": "leaky_relu",
    "pre_lu": "prelu",
    "rre_lu": "rrelu",
    "squared_re_lu": "squared_relu",
    "swi_glu": "swiglu",
    "swish": "silu",
}


def kind_of(operation):
    """Returns the kind of a layer, or of an operation of `keras.ops`.

    Returns:
        `"dense"`, `"conv"`, `"recurrent"`, `"embedding"`, `"attention"`,
        `"normalization"`, `"dropout"`, `"activation"`, `"pooling"`,
        `"reshape"`, `"merge"`, `"preprocessing"`, `"input"` or `"other"`.
    """
    if not isinstance(operation, keras.Layer):
        return _kind_of_operation(type(operation).__name__)
    layer = core_of(operation)
    for kind, classes in _KINDS.items():
        if isinstance(layer, classes):
            return kind
    name = type(layer).__name__
    if isinstance(layer, _LAYERS.Normalization):
        return "preprocessing"
    if normalizes(layer):
        return "normalization"
    if is_preprocessing(layer):
        return "preprocessing"
    if "Pooling" in name:
        return "pooling"
    if "Dropout" in name or name == "DropPath":
        return "dropout"
    return "activation" if _is_our_activation(layer) else "other"


def _is_our_activation(layer):
    name = type(layer).__name__
    # A gate with units of its own is a dense layer and what comes behind it.
    halves = name in _OUR_GATES and getattr(layer, "units", None) is None
    return name in _OUR_ACTIVATIONS or halves


def core_of(layer):
    """Returns the layer inside of a wrapper such as `TimeDistributed`."""
    while isinstance(layer, _WRAPPERS):
        layer = layer.layer
    return layer


def activation_of(operation):
    """Returns the name of the activation that an operation ends with.

    Returns:
        Keras's name of it, such as `"relu"` or `"linear"`; for one that Keras
        does not know, its own name; `None` for what has no activation.
    """
    if not isinstance(operation, keras.Layer):
        name = snake_case(type(operation).__name__)
        return name if kind_of(operation) == "activation" else None
    layer = core_of(operation)
    if isinstance(layer, _LAYERS.Bidirectional):
        layer = layer.forward_layer
    if kind_of(layer) == "activation" and not hasattr(layer, "activation"):
        name = type(layer).__name__
        # With a beta of its own it is not Keras's function of that name.
        return "swish" if name == "Swish" else snake_case(name)
    activation = getattr(layer, "activation", None)
    return None if activation is None else _name_of(activation)


def _name_of(activation):
    if isinstance(activation, keras.Layer):
        return activation_of(activation) or snake_case(
            type(activation).__name__
        )
    name = getattr(activation, "__name__", None) or type(activation).__name__
    return snake_case(name)


def _kind_of_operation(name):
    if name in _RESHAPING:
        return "reshape"
    if name in _MERGING:
        return "merge"
    if name in _POOLING:
        return "pooling"
    if hasattr(keras.activations, snake_case(name)):
        return "activation"
    return "other"


def snake_case(name):
    """Returns the name of a class as Keras spells its function's.

    Args:
        name: Such as `"LeakyReLU"` or `"CategoricalCrossentropy"`.
    """
    letters = [
        f"_{one.lower()}"
        if one.isupper() and i and not name[i - 1].isupper()
        else one.lower()
        for i, one in enumerate(name)
    ]
    snake = "".join(letters)
    return _OWN_NAMES.get(snake, snake)

"""Which layers, functions and operations are Keras's own.

Told by the module that defines them: Keras has no public list.
"""

_KERAS = "keras.src."
_LAYERS = "keras.src.layers."
_PREPROCESSING = "keras.src.layers.preprocessing."
_OPERATIONS = "keras.src.ops."


def is_keras_layer(layer):
    """Whether the class of `layer` is a layer of Keras itself."""
    return _defined_in(type(layer), _LAYERS)


def is_preprocessing(layer):
    """Whether `layer` is one of Keras's for text, tables and images."""
    return _defined_in(type(layer), _PREPROCESSING)


def is_keras_operation(operation):
    """Whether `operation` is a node that a function of `keras.ops` makes."""
    return _defined_in(type(operation), _OPERATIONS)


def is_keras_function(function):
    """Whether `function`, or the class of a callable, is Keras's own."""
    return _defined_in(function, _KERAS)


def _defined_in(thing, package):
    # A function of C, such as one of NumPy's, may be of no module.
    module = getattr(thing, "__module__", None)
    return f"{module}.".startswith(package)

"""The layers of an encoder as one chain, each with the shape it gets."""

import keras

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.models.graph import Steps
from keras_trainkit.models.graph import graph_of


def chain_of(encoder, otherwise):
    """Returns the layers of `encoder` in the order in which it calls them.

    Models inside of it are opened.

    Args:
        encoder: A built `keras.Model`.
        otherwise: What to do where it is no chain, for the error.

    Returns:
        List of layers; one that is called twice stands there twice.

    Raises:
        TypeError: If it is subclassed.
        ValueError: If a layer has several inputs or outputs, or something is
            computed between the layers.
    """
    if graph_of(encoder) is None:
        raise bad_type(
            "encoder", encoder, "a Sequential or functional model", otherwise
        )
    current, found = 0, []
    for step in Steps(encoder).steps:
        operation, inputs = step.operation, step.inputs
        # Behind a model inside, its inputs are listed with its outputs.
        read = inputs[-1:] if operation is None else inputs
        if read != [current] or len(step.outputs) != 1:
            raise _no_chain(encoder, operation, otherwise)
        if operation is not None:
            if not isinstance(operation, keras.Layer):
                raise _no_chain(encoder, operation, otherwise)
            found.append(operation)
        (current,) = step.outputs
    return found


def shapes_along(layers, shape):
    """Returns the shape before the first layer and behind each.

    Args:
        layers: A chain of layers.
        shape: Tuple, the shape of the input, without the batch.

    Returns:
        List of tuples, one more than `layers`.
    """
    shapes = [tuple(shape)]
    for layer in layers:
        behind = layer.compute_output_shape((None, *shapes[-1]))
        shapes.append(tuple(behind[1:]))
    return shapes


def _no_chain(encoder, operation, otherwise):
    at = f" (at {operation.name!r})" if operation is not None else ""
    return bad_value(
        "encoder",
        encoder.name,
        f"a chain of layers, each with one input and one output{at}",
        otherwise,
    )

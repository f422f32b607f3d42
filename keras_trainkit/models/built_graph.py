"""The models that can be rebuilt from their graph."""

import keras

from keras_trainkit.backend.model.layers import is_built
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.models.forward_order import is_graph
from keras_trainkit.models.graph import graph_of


def require_built_graph(model, why):
    """Raises unless `model` is a built Sequential or functional model.

    Args:
        model: What was given as `model`.
        why: Why a subclassed model is none, and what to do instead.
    """
    if not (isinstance(model, keras.Model) and is_graph(model)):
        raise bad_type("model", model, "a Sequential or functional model", why)
    if graph_of(model) is None or not is_built(model):
        raise bad_value(
            "model",
            model.name,
            "built, that is have its variables and a graph",
            "Give it a `keras.Input`, or call it on a batch of data first.",
        )

"""Which `training` reaches a layer that was called with one in a graph.

    y = backbone(x, training=False)
    model = keras.Model(x, keras.layers.Dense(10)(y))

Up to Keras 3.15 the flag of the model's own call replaces the one in the graph
(`operation_fn`, keras/src/models/functional.py), so `fit` trains the backbone's
batch normalisation. In the development sources of 3.16 the one in the graph
counts, and inside a nested model, too. What the installed Keras does is found
out by a graph of one layer, not by a number of a version.
"""

import functools

import keras
import numpy as np


def training_of(node):
    """Returns the `training` that a node was called with, or `None`."""
    return node.arguments.kwargs.get("training")


def flag_in_force(node, training):
    """Returns the flag that a node's operation is called with.

    Args:
        node: A node of a graph.
        training: The flag of the model's own call.
    """
    own = training_of(node)
    return own if own is not None and graphs_keep_flags() else training


def called_with(operation, training):
    """Returns `operation` as a graph calls it with that `training`.

    `_call_context_args`: keras/src/layers/layer.py. What is no layer has none.
    """
    takes = "training" in getattr(operation, "_call_context_args", ())
    if not takes or training is None:
        return operation

    def call(*args, **kwargs):
        return operation(*args, **{**kwargs, "training": training})

    return call


@functools.cache
def graphs_keep_flags():
    """Whether a layer keeps the flag it was called with in a graph."""
    seen = []

    class Seeing(keras.Layer):
        def call(self, inputs, training=None):
            seen.append(training)
            return inputs

        def compute_output_spec(self, inputs, **kwargs):
            return keras.KerasTensor(inputs.shape, name="y")

    # Names of our own: those that Keras counts up are the user's.
    x = keras.Input((1,), name="x")
    y = Seeing(name="seeing")(x, training=True)
    model = keras.Model(x, y, name="flags")
    model(np.zeros((1, 1)), training=False)
    return seen[-1] is True

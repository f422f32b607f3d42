"""Where an attention layer keeps the one constraint of its projections."""

import keras

_PRIVATE = "_kernel_constraint"


def constraint_attribute(attention):
    """Returns the attribute that is written to the layer's configuration.

    Building gives it to every projection. `MultiHeadAttention` has no public
    one: keras/src/layers/attention/multi_head_attention.py

    Args:
        attention: `MultiHeadAttention` or `GroupQueryAttention`.
    """
    if isinstance(attention, keras.layers.MultiHeadAttention):
        return _PRIVATE
    return "kernel_constraint"

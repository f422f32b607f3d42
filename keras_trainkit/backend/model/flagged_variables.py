"""Which variables a layer's `trainable` flag is written to."""


def flagged_variables(layer):
    """Returns the variables that `layer.trainable = x` gives the flag `x`.

    Those that the layer made as trainable and holds itself, whatever their
    flags are now; its sublayers pass the flag on to theirs.
    `_trainable_variables`: keras/src/layers/layer.py
    """
    return list(layer._trainable_variables)


def lora_base(layer):
    """Returns the variables that `enable_lora` has frozen in `layer`.

    Their flags alone do not tell: they rise and fall with the layer's.
    `_kernel`, `_embeddings`: keras/src/layers/core/dense.py, einsum_dense.py,
    embedding.py and convolutional/base_conv.py
    """
    if not getattr(layer, "lora_enabled", False):
        return []
    held = [getattr(layer, name, None) for name in ("_kernel", "_embeddings")]
    return [variable for variable in held if variable is not None]

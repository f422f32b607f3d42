"""Torch modules inside a model, which Keras holds in `TorchModuleWrapper`s.

Keras tracks their parameters. Their buffers, such as the running statistics
of a BatchNorm, are in no list of the model (keras/src/utils/torch_utils.py).
"""

import contextlib

import keras


def norm_weights(layer):
    """Returns the weights of `layer` that are its torch BatchNorms' own.

    Args:
        layer: A `keras.Layer`.

    Returns:
        List of `keras.Variable`s, or `None` if it holds no torch module with
        a BatchNorm.
    """
    if not isinstance(layer, keras.layers.TorchModuleWrapper):
        return None
    norms = _norms(layer.module)
    # The variable's value is the module's parameter itself.
    own = {id(weight) for norm in norms for weight in norm.parameters()}
    found = [weight for weight in layer.weights if id(weight.value) in own]
    return found if norms else None


@contextlib.contextmanager
def norms_in_inference_mode(module, all_of_them):
    """BatchNorms that are frozen use their statistics, and leave them alone.

    Args:
        module: A torch module.
        all_of_them: Whether all are frozen. If not, those are whose weights
            are.
    """
    hooks = [
        norm.register_forward_pre_hook(_to_inference_mode)
        for norm in _norms(module)
        if all_of_them or _frozen(norm)
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@contextlib.contextmanager
def buffers_kept(module):
    """What the block writes to the buffers of a torch module is dropped."""
    # Copies take the writes: the graph for the gradient may hold on to what
    # the block has read, and must not see it change.
    kept = [
        (part, name, buffer)
        for part in module.modules()
        for name, buffer in part.named_buffers(recurse=False)
    ]
    for part, name, buffer in kept:
        setattr(part, name, buffer.clone())
    try:
        yield
    finally:
        for part, name, buffer in kept:
            setattr(part, name, buffer)


def _norms(module):
    from torch.nn.modules.batchnorm import _NormBase

    return [
        part
        for part in module.modules()
        if isinstance(part, _NormBase) and part.track_running_stats
    ]


def _frozen(norm):
    weights = list(norm.parameters(recurse=False))
    return bool(weights) and not any(w.requires_grad for w in weights)


def _to_inference_mode(norm, args):
    norm.eval()

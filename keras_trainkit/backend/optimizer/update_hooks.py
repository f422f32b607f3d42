"""Looking at what an optimizer is given and what it makes of it.

Two methods of the optimizer instance are lent
(keras/src/optimizers/base_optimizer.py). `_backend_apply_gradients` is called
by `apply` with gradients whose loss scaling is undone, and does everything but
the constraints; `_clip_gradients` is called below it, on every backend once
for each update, with what is accumulated. Both stand below the gate that
schedules use (`apply`) and above those of layer-wise rates.
"""

import functools

from keras_trainkit.backend.optimizer.traced_number import untraced

_APPLY = "_backend_apply_gradients"
_CLIP = "_clip_gradients"


def lend_updates(optimizer, watch, model):
    """Lets `watch` stand before an optimizer's updates.

    Args:
        optimizer: The innermost optimizer.
        watch: Has `applying(optimizer, plain, grads, variables)` and
            `clipping(optimizer, plain, grads)`; both call `plain`.
        model: The `keras.Model` that it trains.
    """
    for name, method in ((_APPLY, watch.applying), (_CLIP, watch.clipping)):
        plain = functools.partial(getattr(type(optimizer), name), optimizer)
        hook = functools.partial(method, optimizer, plain)
        # Past `__setattr__`, which would track what the hook holds.
        vars(optimizer)[name] = untraced(hook, model)


def take_updates_back(optimizer):
    """Gives an optimizer its own methods back."""
    for name in (_APPLY, _CLIP):
        vars(optimizer).pop(name, None)


def completes_update(optimizer):
    """Returns whether the batch at hand ends an update, a tensor or `True`.

    With gradient accumulation several batches make one.
    """
    steps = optimizer.gradient_accumulation_steps
    if not steps:
        return True
    return (optimizer._iterations + 1) % steps == 0

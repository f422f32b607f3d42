"""What callbacks must know of torch's DistributedDataParallel.

It averages the gradients of the parameters that trained when it was made, of
no others, and waits for each of them in every step
(torch/nn/parallel/distributed.py). A model does not know what wraps it: where
a callback was not given the wrapper, it is looked for among all live objects.
"""

import gc

import keras

from keras_trainkit.backend.training.running_fit import RunningFit
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value


def refuse_ranks(callback, why, instead):
    """Raises where a loop of one's own trains the model on several ranks.

    To be called in `on_train_begin`, before anything is changed.

    Args:
        callback: A `keras.callbacks.Callback` whose model is set.
        why: Why it cannot act there, a sentence without its full stop.
        instead: What to do instead, whole sentences.

    Raises:
        TypeError: For a model in `DistributedDataParallel`, which the
            callback was given or which is alive, unless `fit` runs.
    """
    found = wrappers(callback)
    if found and not RunningFit().in_keras():
        raise bad_type(
            "model",
            found[0],
            f"a `keras.Model` trained by `fit` where {_name(callback)} is a "
            "callback",
            f"{why}. {instead}",
        )


def require_optimizer(callback):
    """Raises where a wrapped model has no optimizer to act on.

    Args:
        callback: A `keras.callbacks.Callback` whose model is set, and which
            acts on what `model.optimizer.apply` is given.

    Raises:
        ValueError: For a model in `DistributedDataParallel` that is not
            compiled.
    """
    model = callback.model
    optimizer = getattr(model, "optimizer", None)
    if callback._model is not model and optimizer is None:
        raise bad_value(
            "model.optimizer",
            None,
            "the optimizer that the loop applies, where "
            f"{_name(callback)} acts on a model in DistributedDataParallel",
            "Compile the model before wrapping it, and call "
            "`model.optimizer.apply` in the loop.",
        )


def require_averaged(callback, stages):
    """Raises where gradients of what trains later would not be averaged.

    Args:
        callback: A `keras.callbacks.Callback` whose model is set, and which
            changes what trains.
        stages: Callable without arguments that returns a list of lists of
            variables: what trains together.

    Raises:
        ValueError: For a `DistributedDataParallel` around the model, or a
            part of it, that would leave ranks with different weights, or
            would wait for gradients that never come.
    """
    found = wrappers(callback)
    if not found:
        return
    sets = [{id(v.value): v.path for v in some} for some in stages()]
    averaged = [averaged_parameters(network) for network in found]
    lost = {
        path
        for some in sets
        for key, path in some.items()
        if not any(key in those for those in averaged)
    }
    if lost:
        raise bad_value(
            "model",
            sorted(lost),
            "wrapped in DistributedDataParallel while all that "
            f"{_name(callback)} is going to train was trainable: gradients of "
            "what was frozen then are never averaged",
            "Unfreeze these before wrapping (`transfer.unfreeze`); the "
            "callback freezes them for the stages before theirs.",
        )
    for network, those in zip(found, averaged, strict=True):
        waits = any(those - some.keys() for some in sets)
        unused = network.find_unused_parameters and not network.static_graph
        if waits and not unused:
            raise bad_value(
                "find_unused_parameters",
                network.find_unused_parameters,
                "True, and `static_graph` False, of a DistributedDataParallel "
                f"whose model {_name(callback)} freezes in part: it would "
                "wait for gradients of frozen weights",
                "Wrap the model with `DistributedDataParallel(model, "
                "find_unused_parameters=True)`.",
            )


def wrappers(callback):
    """Returns the `DistributedDataParallel`s around a callback's model.

    Args:
        callback: A `keras.callbacks.Callback` whose model is set, to a model
            or to a wrapper of one.

    Returns:
        The one that it was given, or else a list of those that are alive and
        hold a weight of the model; none on other backends.
    """
    if keras.backend.backend() != "torch":
        return []
    import torch.distributed as dist
    from torch.nn.parallel import DistributedDataParallel

    # `_model`: keras/src/callbacks/callback.py; `Callback.model` unwraps it.
    given = callback._model
    if isinstance(given, DistributedDataParallel):
        return [given]
    launched = dist.is_available() and dist.is_initialized()
    if not launched or dist.get_world_size() == 1:
        return []
    weights = {id(variable.value) for variable in given.weights}
    if _alive(DistributedDataParallel, weights):
        # One that nobody holds any more may lie in a cycle of references.
        gc.collect()
    return _alive(DistributedDataParallel, weights)


def averaged_parameters(network):
    """Returns the `id`s of the parameters whose gradients are averaged.

    A list of them is kept by torch's reducer alone; its buckets, of zeros in
    place of gradients, are what `DistributedDataParallel.join` uses.

    Args:
        network: A `DistributedDataParallel`.
    """
    buckets = network.reducer._get_zeros_like_grad_buckets()
    return {id(one) for bucket in buckets for one in bucket.parameters()}


def _alive(kind, parameters):
    """Returns the modules of a class that hold one of some parameters.

    By their classes: `isinstance` would ask proxies of things that are gone,
    and takes ten times as long.
    """
    kinds = _with_subclasses(kind)
    return [
        one
        for one in gc.get_objects()
        if type(one) in kinds
        and any(id(held) in parameters for held in one.parameters())
    ]


def _with_subclasses(kind):
    return {kind}.union(*map(_with_subclasses, kind.__subclasses__()))


def _name(callback):
    return type(callback).__name__

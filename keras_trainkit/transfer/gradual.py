"""Stages that unfreeze a model from the top down."""

import keras

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.models.groups import LastGroups
from keras_trainkit.models.groups import grouped
from keras_trainkit.models.layer_tree import LayerTree


def gradual(model, every=2, n=None, most=None):
    """Returns stages for `FineTuning` that unfreeze one group after another.

    The head trains first; then, every few epochs, one more group of layers
    below it joins. What lies deep, and is general, is disturbed least:
    by the time its turn comes, what is above has settled. With G groups,
    stage i = 0 to G - 1 begins in epoch

        i * every

    and trains the last i + 1 groups.

    Args:
        model: A `keras.Model`, built.
        every: Epochs from one stage to the next, at least 1. Defaults to `2`.
        n: Into how many groups the model is divided, as `n` of
            `models.layer_groups`. A deep network has dozens of natural ones:
            with `n=4` all of it trains after `3 * every` epochs. Defaults to
            `None`: the natural groups.
        most: How many groups are unfrozen at most; those below stay frozen.
            Defaults to `None`: all.

    Returns:
        Dictionary `{epoch: selection}`. A `fit` that ends before the last
        stage begins is refused by `FineTuning`: pass fewer groups, or more
        epochs.

    Raises:
        TypeError: If `model` is no `keras.Model` or a number no integer.
        ValueError: If a number is out of range, the model has no weights, or
            the order of the forward pass is unknown.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((4,)),
    ...         keras.layers.Dense(3),
    ...         keras.layers.Dense(3),
    ...         keras.layers.Dense(1),
    ...     ]
    ... )
    >>> stages = ktk.transfer.gradual(model, every=2)
    >>> stages
    {0: groups(1), 2: groups(2), 4: groups(3)}
    >>> fine_tuning = ktk.callbacks.FineTuning(stages)
    >>> ktk.transfer.gradual(model, every=1, n=2)
    {0: groups(1, of=2), 1: groups(2, of=2)}

    Reference:

    - [Howard and Ruder, 2018](https://arxiv.org/abs/1801.06146)
    """
    if not isinstance(model, keras.Model):
        raise bad_type("model", model, "a keras.Model")
    require_integer("every", every, least=1)
    found = grouped(LayerTree(model), n)
    if not found:
        raise bad_value("model", model.name, "a model with weights")
    if most is not None:
        require_integer("most", most, least=1, most=len(found))
    of = None if n is None else int(n)
    count = len(found) if most is None else int(most)
    return {i * int(every): LastGroups(i + 1, of) for i in range(count)}

"""The learning-rate search as one call."""

import inspect

import keras

from keras_trainkit.backend.optimizer.anatomy import accumulation_steps
from keras_trainkit.backend.optimizer.anatomy import innermost
from keras_trainkit.backend.training.batch_loss import each_batch_alone
from keras_trainkit.backend.training.batch_loss import losses_alone
from keras_trainkit.callbacks.learning_rate_finder import LearningRateFinder
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.data_checks import require_arrays
from keras_trainkit.kernels.data_checks import require_data
from keras_trainkit.scheduling.loss_recording import most_batches
from keras_trainkit.scheduling.search_checks import data_ran_out
from keras_trainkit.scheduling.search_checks import refuse_not_compiled


def find_learning_rate(
    model,
    x,
    y=None,
    min_lr=1e-7,
    max_lr=10.0,
    steps=100,
    batch_size=None,
    early_stop_threshold=4.0,
    smoothing=0.9,
    max_steps=None,
    **fit_arguments,
):
    """Searches for a learning rate and leaves the model as it was.

    Trains for at most `steps` updates while the learning rate rises
    geometrically from `min_lr` to `max_lr`, records the loss of each batch,
    and stops when it diverges. Then everything is put back bit by bit, also
    after an exception: weights, moving statistics, buffers of torch modules,
    recurrent states, seed generators, optimizer slots and counters (an
    optimizer that was not built is not built then), loss scale, learning
    rate, metrics, `model.history`, compiled functions, and the random states
    of Python, NumPy, Keras, the backend and a torch `DataLoader`. A model
    that was not built is built, with its initial weights.

    What is the user's own is not put back: a generator that was consumed, a
    `PyDataset`'s or a layer's own Python state. Nor is the counter in a
    `tf.data.Dataset` with `shuffle` and the default
    `reshuffle_each_iteration=True`: each epoch of the search advances it, so
    a later `fit` on this dataset object sees its samples in another order
    than without the search. For the same order give the search a dataset of its
    own, or shuffle with `reshuffle_each_iteration=False`.

    When the loss falls by less than twice its noise, as that of a network
    that learns slowly, the search goes on: from the same weights the rates
    are passed again in twice as many steps, until the fall is clear or the
    next pass would make more than `max_steps` updates in all. The last pass
    is the result.

    The data is repeated until there are `steps` updates; a generator has to
    bring them. Metrics of `compile` are not computed. As the losses are those
    of training batches, a suggested rate is one that trains fast and stably
    at this batch size, from these weights.

    Args:
        model: A compiled `keras.Model` with a single optimizer and a plain
            learning rate, whose value does not matter.
        x: Whatever `fit` accepts: arrays, `tf.data.Dataset`, `PyDataset`,
            torch `DataLoader`, generator.
        y: Targets, unless `x` brings them. Defaults to `None`.
        min_lr: Float above 0, the first learning rate. Defaults to `1e-7`.
        max_lr: Float above `min_lr`, the last one. Defaults to `10.0`.
        steps: Integer of at least 2, how many updates. Defaults to `100`.
        batch_size: Integer, as in `fit`. Defaults to `None`: 32 for arrays.
        early_stop_threshold: Float above 1 or `None`, see
            `keras_trainkit.callbacks.LearningRateFinder`. Defaults to `4.0`.
        smoothing: Float in [0, 1), see there. Defaults to `0.9`.
        max_steps: Integer of at least `steps`, how many updates in all passes
            over the rates; with `steps` there is one pass. Defaults to
            `None`: seven times `steps`, which are three passes; one pass
            where `x` is a generator.
        **fit_arguments: `class_weight`, `sample_weight`, `shuffle`,
            `steps_per_epoch`, as in `fit`.

    Returns:
        A `keras_trainkit.tuning.LearningRateSearch`: `learning_rates`,
        `losses` and `smoothed_losses` as NumPy arrays with one value per
        step, `passes` and `steps`, which tell how many it took,
        `suggestion(method="valley")`, also with `"steepest"`, and `plot()`.

    Raises:
        ValueError: For values that describe no search, a model that is not
            compiled or whose learning rate is a schedule, data that is empty
            or runs out before `steps` updates, a loss that is not finite
            before any update, and a `fit` in progress whose learning
            rate or momentum another callback schedules.
        TypeError: For arguments of another type, or unknown ones.

    Example:

    >>> keras.utils.set_random_seed(0)
    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    >>> model.compile(keras.optimizers.SGD(), "mse")
    >>> x = np.random.normal(size=(320, 4))
    >>> result = ktk.tuning.find_learning_rate(model, x, x @ np.ones((4, 1)))
    >>> bool(0.05 < result.suggestion() < 1.0)
    True

    Reference:

    - [Smith, 2017](https://arxiv.org/abs/1506.01186)
    """
    unknown = sorted(set(fit_arguments) - _OF_FIT)
    if unknown:
        raise TypeError(
            f"Expected arguments of the search or of `fit`: {sorted(_OF_FIT)}. "
            f"Received: {unknown}. A search has neither epochs nor validation."
        )
    refuse_not_compiled(model)
    _refuse_empty(x)
    require_data("x", x)
    if y is not None:
        require_arrays("y", y)
    if batch_size is not None:
        require_integer("batch_size", batch_size, 1)
    finder = LearningRateFinder(
        min_lr, max_lr, steps, early_stop_threshold, smoothing
    )
    if max_steps is None:
        # What a generator has yielded is gone, and it may end.
        max_steps = steps if inspect.isgenerator(x) else _ALL_PASSES * steps
    require_integer("max_steps", max_steps, steps)
    data = {"x": x, "y": y, "batch_size": batch_size, **fit_arguments}
    passes = [_pass(model, finder, data)]
    made = passes[0].steps
    while passes[-1].unclear() and made + 2 * finder.steps <= max_steps:
        finder = _slower(finder)
        passes.append(_pass(model, finder, data))
        made += passes[-1].steps
    passes[-1].passes = tuple(passes)
    return passes[-1]


def _slower(finder):
    """Returns a finder that passes the same rates in twice as many steps."""
    return LearningRateFinder(
        finder.min_lr,
        finder.max_lr,
        2 * finder.steps,
        finder.early_stop_threshold,
        finder.smoothing,
    )


def _pass(model, finder, data):
    """Passes the rates once, and leaves the model as it was."""
    # From a generator that has ended, Keras would go on with the few batches
    # it looked at first (keras/src/trainers/data_adapters).
    once = inspect.isgenerator(data["x"]) and "steps_per_epoch" not in data
    per_update = accumulation_steps(innermost(model.optimizer))
    finder.remember(model, data["x"])
    try:
        with each_batch_alone(model), losses_alone(model):
            model.fit(
                **data,
                epochs=1 if once else most_batches(finder.steps, per_update),
                verbose=0,
                callbacks=[finder],
            )
    finally:
        finder.put_back()
    return finder.result


def _refuse_empty(x):
    """Raises for data that says that it is empty, as Keras does not."""
    nested = isinstance(x, (dict, list, tuple))
    parts = keras.tree.flatten(x) if nested else [x]
    if any(_length(part) == 0 for part in parts):
        raise data_ran_out(None, 0)


def _length(data):
    try:
        return len(data)
    except TypeError:
        # A generator, a scalar, a `tf.data.Dataset` of unknown length.
        return None


# One, twice and four times `steps`.
_ALL_PASSES = 7

_OF_FIT = {"class_weight", "sample_weight", "shuffle", "steps_per_epoch"}

"""Throughput and loss after equal time, over batch sizes."""

import statistics

import keras

from keras_trainkit.backend.devices.distribution import refuse_devices
from keras_trainkit.backend.devices.distribution import refuse_processes
from keras_trainkit.backend.devices.out_of_memory import free_memory
from keras_trainkit.backend.devices.out_of_memory import out_of_memory_message
from keras_trainkit.backend.model.layers import build_on
from keras_trainkit.backend.optimizer.anatomy import innermost
from keras_trainkit.backend.optimizer.anatomy import plain_learning_rate
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.kernels.batch_scaling import doublings
from keras_trainkit.kernels.batch_scaling import scaled_rate
from keras_trainkit.scheduling.search_checks import refuse_not_compiled
from keras_trainkit.tuning.batch_size_points import BatchSizeCurve
from keras_trainkit.tuning.batch_size_points import BatchSizePoint
from keras_trainkit.tuning.rows import ArrayRows
from keras_trainkit.tuning.timed_training import TimedTraining

# As in `evaluate`.
_EVALUATED = 32


def batch_size_curve(
    model,
    x,
    y=None,
    batch_sizes=None,
    seconds=5.0,
    validation_data=None,
    scale_rate="auto",
    base_batch_size=32,
    repeats=3,
    seed=0,
):
    """Measures throughput and the loss after equal time over batch sizes.

    A larger batch uses a device better but makes fewer updates; beyond some
    size the loss after the same time gets worse. How far one can go depends
    on model, data and device, so measure it: for each size the model is
    trained for `seconds` from the state that it has, with the learning rate
    raised along with the batch. Tracing and compiling do not count, nor does
    the evaluation. Sizes take turns, `repeats` times, each time with another
    order of the data, and without other rows where they do not make whole
    batches. The model is put back bit by bit, also after an
    exception.

    With k = batch size / `base_batch_size` the rate is multiplied by k
    (`"linear"`, for SGD) or by its square root (`"sqrt"`, for Adam and its
    kin). The rules hold up to some size only, and at the start of training a
    large rate may need a warm-up (`schedules.Warmup`), which is not made here.

    A size that does not fit into memory is reported as such;
    `find_batch_size` finds the largest that does.

    Args:
        model: A compiled `keras.Model`.
        x: Arrays, or a list, tuple or dict of them, one row for a sample.
        y: Targets, likewise. Defaults to `None`.
        batch_sizes: List of integers, at most the rows of `x`. Defaults to
            `None`: 16, 32, and so on, up to 512 or the rows.
        seconds: Float above 0, how long each is trained. Defaults to `5.0`.
        validation_data: Tuple `(x, y)` of arrays that the loss is measured on.
            Defaults to `None`: the training data.
        scale_rate: `"linear"`, `"sqrt"`, `None` for one rate, or `"auto"`:
            `"linear"` for `keras.optimizers.SGD`, `"sqrt"` for others.
            Defaults to `"auto"`.
        base_batch_size: Integer, the size that the model's learning rate is
            meant for. Defaults to `32`.
        repeats: Integer of at least 1. With one, nothing is known of the
            noise. Defaults to `3`.
        seed: Integer of at least 0, that of the first repeat; the next ones
            follow. Defaults to `0`.

    Returns:
        A `keras_trainkit.tuning.BatchSizeCurve`: `points`, `best`, `plot()`,
        and as a string a table.

    Raises:
        ValueError: If the model is not compiled or on several devices, if its
            learning rate is a schedule and `scale_rate` not `None`, if no size
            fits into memory, and for data and numbers that do not go together.
        TypeError: If the data is no arrays, and for arguments of another type.

    Example:

    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    >>> model.compile(keras.optimizers.SGD(0.01), "mse", run_eagerly=True)
    >>> x, y = np.ones((64, 4)), np.ones((64, 1))
    >>> curve = ktk.tuning.batch_size_curve(
    ...     model, x, y, [16, 32], seconds=0.05, repeats=1
    ... )
    >>> [(p.batch_size, round(p.learning_rate, 4)) for p in curve.points]
    [(16, 0.005), (32, 0.01)]

    Reference:

    - [Goyal et al., 2017](https://arxiv.org/abs/1706.02677)
    - [Malladi et al., 2022](https://arxiv.org/abs/2205.10287)
    """
    refuse_not_compiled(model)
    refuse_processes("batch_size_curve", "it goes by the time each one takes")
    refuse_devices(model, "batch_size_curve", "not all sizes can be shared")
    rows = ArrayRows({"x": x, "y": y})
    sizes = _sizes(batch_sizes, rows.count)
    require_number(
        "seconds", seconds, "a number above 0", lambda v: 0 < v < float("inf")
    )
    require_integer("base_batch_size", base_batch_size, 1)
    require_integer("repeats", repeats, 1)
    require_integer("seed", seed, 0, 2**32 - 1 - repeats)
    rule, rate = _rule(model, scale_rate)
    held_out = _held_out(rows, validation_data)
    build_on(model, rows.first(1)["x"])
    rates = {
        size: rate and scaled_rate(rate, size, base_batch_size, rule)
        for size in sizes
    }
    timed = TimedTraining(model, rows, seconds)

    def loss(size):
        # Where a batch trains, no larger one need fit.
        found = model.evaluate(
            **held_out.first(held_out.count),
            batch_size=min(size, _EVALUATED),
            verbose=0,
            return_dict=True,
        )
        return found["loss"]

    made = {size: [] for size in sizes}
    too_large = set()
    for repeat in range(repeats):
        for size in sizes:
            if size in too_large:
                continue
            run = _fitting(timed, size, rates[size], seed + repeat, loss)
            if run is None:
                too_large.add(size)
                free_memory()
            else:
                made[size].append(run)
    points = [_point(size, rates[size], made[size]) for size in sizes]
    if len(too_large) == len(sizes):
        raise bad_value(
            "batch_sizes", sizes, "such that one of them fits into memory"
        )
    return BatchSizeCurve(
        points, "loss" if validation_data is None else "val_loss"
    )


def _sizes(batch_sizes, count):
    if batch_sizes is None:
        return doublings(min(16, count), min(512, count))
    if not isinstance(batch_sizes, (list, tuple)) or not batch_sizes:
        raise bad_type("batch_sizes", batch_sizes, "a list of integers")
    for size in batch_sizes:
        require_integer("batch_sizes", size, 1, count)
    return sorted({int(size) for size in batch_sizes})


def _rule(model, scale_rate):
    """Returns how the rate is scaled, and the rate at the base size."""
    require_choice("scale_rate", scale_rate, ("auto", "linear", "sqrt", None))
    if scale_rate is None:
        return None, None
    optimizer = innermost(model.optimizer)
    rate = plain_learning_rate(optimizer)
    if rate is None:
        raise bad_value(
            "model.optimizer.learning_rate",
            optimizer,
            "a plain number where it is raised along with the batch",
            "Compile with a float, or pass `scale_rate=None`.",
        )
    if scale_rate == "auto":
        sgd = isinstance(optimizer, keras.optimizers.SGD)
        scale_rate = "linear" if sgd else "sqrt"
    return scale_rate, rate


def _held_out(rows, validation_data):
    if validation_data is None:
        return rows
    if not isinstance(validation_data, tuple) or len(validation_data) != 2:
        raise bad_type(
            "validation_data", validation_data, "a tuple of inputs and targets"
        )
    return ArrayRows(dict(zip(("x", "y"), validation_data, strict=True)))


def _fitting(timed, size, rate, seed, loss):
    """Returns what a run has measured, or `None` where memory ran out."""
    try:
        return timed.run(size, rate, seed, loss)
    except Exception as error:
        if out_of_memory_message(error) is None:
            raise
        return None


def _point(size, rate, runs):
    if not runs:
        return BatchSizePoint(size, rate, float("nan"), 0, ())
    return BatchSizePoint(
        size,
        rate,
        statistics.median(size * steps / taken for steps, taken, _ in runs),
        statistics.median(steps for steps, _, _ in runs),
        tuple(float(loss) for _, _, loss in runs),
    )

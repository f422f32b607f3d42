"""The largest batch that trains without running out of memory."""

from keras_trainkit.backend.devices.distribution import refuse_devices
from keras_trainkit.backend.devices.distribution import refuse_processes
from keras_trainkit.backend.devices.out_of_memory import free_memory
from keras_trainkit.backend.devices.out_of_memory import out_of_memory_message
from keras_trainkit.backend.devices.out_of_memory import wait_for_step
from keras_trainkit.backend.model.layers import build_on
from keras_trainkit.backend.optimizer.anatomy import accumulation_steps
from keras_trainkit.backend.training.batch_loss import each_batch_alone
from keras_trainkit.backend.training.compiled_parts import optimizers_of
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.kernels.doubling_search import largest_accepted
from keras_trainkit.scheduling.search_checks import refuse_not_compiled
from keras_trainkit.scheduling.snapshot import TrainingSnapshot
from keras_trainkit.tuning.rows import ArrayRows


def find_batch_size(
    model,
    x,
    y=None,
    sample_weight=None,
    min_batch_size=1,
    max_batch_size=None,
    steps=2,
    precision=0.05,
):
    """Finds the largest batch that trains without running out of memory.

    Trains for a few steps by `fit`, so forward, backward and update in the
    model's own step, with `min_batch_size` rows, with twice as many, and so
    on, until memory runs out; then halves the gap between what fits and what
    does not. The out-of-memory errors of TensorFlow, JAX and torch, on the CPU
    too, count as not fitting; any other error is raised. After each trial
    everything is put back bit by bit, also after an exception, as by
    `find_learning_rate`.

    The largest batch is what memory allows, not what trains best:
    `batch_size_curve` shows that. What else uses the device while the search
    runs counts against the result, and a `fit` beside which `predict` or
    another model runs needs room of its own.

    On a CPU, Linux promises more memory than there is, and may end the process
    where it should refuse an allocation. Pass a `max_batch_size` there, or set
    a limit before (`ulimit -v`).

    Each size is traced and compiled anew, so the search costs a compilation
    for every size tried.

    Args:
        model: A compiled `keras.Model`.
        x: Arrays, or a list, tuple or dict of them, one row for a sample.
            Where they have fewer rows than a batch, rows are repeated.
        y: Targets, likewise. Defaults to `None`.
        sample_weight: As in `fit`. Defaults to `None`.
        min_batch_size: Integer of at least 1, the first that is tried.
            Defaults to `1`.
        max_batch_size: Integer of at least `min_batch_size`, which is not
            exceeded. Defaults to `None`: the rows of `x`.
        steps: Integer of at least 1, how many updates make a trial. The first
            one makes room for what the optimizer keeps, the next ones need
            it. Defaults to `2`.
        precision: Float of at least 0: the search is over when the smallest
            size that does not fit is at most by this share larger than the
            result. 0 finds it exactly. Defaults to `0.05`.

    Returns:
        A `keras_trainkit.tuning.BatchSizeSearch`: `batch_size`, `tried`, and
        `limited`, which is false where even the largest size that was allowed
        has fit.

    Raises:
        ValueError: If `min_batch_size` rows do not fit, if the model is not
            compiled or on several devices, if the data is empty or of unequal
            length, and for numbers out of range.
        TypeError: If the data is no arrays (a dataset makes its own batches),
            and for arguments of another type.

    Example:

    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> x, y = np.ones((48, 4)), np.ones((48, 1))
    >>> search = ktk.tuning.find_batch_size(model, x, y, min_batch_size=16)
    >>> search
    <BatchSizeSearch: 48 fits, no larger one was allowed; tried 16, 32, 48>
    >>> search.batch_size
    48

    Reference:

    - [McCandlish et al., 2018](https://arxiv.org/abs/1812.06162), on the size
      from which a larger batch brings little
    """
    refuse_not_compiled(model)
    refuse_processes("find_batch_size", "memory may run out on one of them")
    refuse_devices(model, "find_batch_size", "not all sizes can be shared")
    data = ArrayRows({"x": x, "y": y, "sample_weight": sample_weight})
    most = data.count if max_batch_size is None else max_batch_size
    bound = data.count if max_batch_size is None else None
    require_integer("min_batch_size", min_batch_size, 1, bound)
    require_integer("max_batch_size", most, min_batch_size)
    require_integer("steps", steps, 1)
    require_number(
        "precision", precision, "a number of at least 0", lambda v: v >= 0
    )
    build_on(model, data.first(1)["x"])
    batches = steps * max(map(accumulation_steps, optimizers_of(model)))
    trials = _Trials(model, data, batches)
    found = largest_accepted(trials, int(min_batch_size), int(most), precision)
    if found is None:
        raise bad_value(
            "min_batch_size",
            min_batch_size,
            "a batch that trains without running out of memory",
            f"The error was {trials.said!r}. Free memory, make the model or "
            "its inputs smaller, or train in mixed precision.",
        )
    return BatchSizeSearch(found, trials.tried)


class BatchSizeSearch:
    """The largest batch that fits, and what was tried to find it.

    Args:
        batch_size: Integer, the largest that has fit.
        tried: Dict `{batch size: whether it has fit}`, in the order tried.

    Raises:
        TypeError: For arguments of another type.

    Attributes:
        batch_size: As passed.
        tried: As passed.
        limited: Whether memory has set the limit; if not, the largest size
            that was allowed has fit, and more may.

    Example:

    >>> ktk.tuning.BatchSizeSearch(6, {4: True, 8: False, 6: True}).limited
    True
    """

    def __init__(self, batch_size, tried):
        require_integer("batch_size", batch_size, 1)
        if not isinstance(tried, dict):
            raise bad_type("tried", tried, "a dictionary")
        self.batch_size = batch_size
        self.tried = dict(tried)
        self.limited = not all(self.tried.values())

    def __repr__(self):
        limit = "no larger one was allowed"
        if self.limited:
            refused = min(n for n, fits in self.tried.items() if not fits)
            limit = f"{refused} does not"
        tried = ", ".join(map(str, self.tried))
        return (
            f"<{type(self).__name__}: {self.batch_size} fits, {limit}; "
            f"tried {tried}>"
        )


class _Trials:
    """Says of a batch size whether it trains, and leaves no trace."""

    def __init__(self, model, data, batches):
        self.tried = {}
        self.said = None
        self._model = model
        self._data = data
        self._batches = batches

    def __call__(self, batch_size):
        snapshot = TrainingSnapshot(self._model)
        try:
            fits = self._fit(batch_size)
            if not fits:
                # What is put back needs room, too.
                free_memory()
        finally:
            snapshot.restore()
        self.tried[batch_size] = fits
        return fits

    def _fit(self, batch_size):
        try:
            with each_batch_alone(self._model):
                self._model.fit(
                    **self._data.first(batch_size),
                    batch_size=batch_size,
                    epochs=self._batches,
                    shuffle=False,
                    verbose=0,
                )
                wait_for_step(self._model)
        except Exception as error:
            said = out_of_memory_message(error)
            if said is None:
                raise
            self.said = said
            return False
        return True

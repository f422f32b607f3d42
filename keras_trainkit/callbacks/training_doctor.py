"""Conclusions on a training that does not go well, drawn while it runs."""

import math
import threading

import keras

from keras_trainkit.backend.devices.distribution import refuse_to_be_worker
from keras_trainkit.backend.devices.distribution import refuse_workers
from keras_trainkit.backend.devices.process import is_main_process
from keras_trainkit.backend.model.layers import is_built
from keras_trainkit.backend.training.running_fit import RunningFit
from keras_trainkit.diagnostics.examination import FAMILY
from keras_trainkit.diagnostics.examination import Examination
from keras_trainkit.diagnostics.facts.data.main_rows import rows_of_main_process
from keras_trainkit.diagnostics.facts.data.sampled_arrays import is_dataset
from keras_trainkit.diagnostics.facts.data.sampled_arrays import (
    require_readable,
)
from keras_trainkit.diagnostics.report import matches
from keras_trainkit.diagnostics.report import require_codes
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.as_written import as_written
from keras_trainkit.plots.training_doctor import plot_training

# Of "auto": never more epochs than this from one look to the next.
_FARTHEST = 10


class TrainingDoctor(keras.callbacks.Callback):
    """Says during `fit` what goes wrong in it, and what to do about it.

    A progress bar shows numbers; this draws conclusions. It reads the curves
    of loss, validation and accuracy, and looks at the network itself on a
    small batch, the probe batch: outputs that are the same for all rows or of
    one class, dead ReLUs, saturated units, gradients that vanish or explode,
    kernels that hardly move. Symptoms are put together with what
    `diagnostics.check_model` says of the model: dead units at a high rate are
    a finding about the learning rate, constant outputs behind a last ReLU one
    about the activation. A loss that is NaN is traced to its batch, and to
    the layer that was the first.

    Whether a network learns is measured by the loss of the best constant
    prediction. In a network that learns, findings are `"advice"` at most, so
    that a healthy training stays silent or nearly so; save for what
    `check_model` calls an error. The rules are explained in docs/checks.md
    (family D).

    Training goes on as if the callback were not there, bit for bit: it looks
    between the epochs, outside of the compiled step, and puts all it touches
    back. A look costs about as much as a few steps.

    The probe batch is taken from the arrays that `fit` was given. A dataset
    or generator cannot be read a second time without changing what `fit` gets
    from it: give `x` and `y`; without them a line at the start says that only
    the curves are read. Of a model with a `train_step` of its own the losses
    may mean anything, so only NaN and what the layers show count.

    Args:
        x: Inputs to take the probe batch from: an array, or a list or dict of
            arrays. Defaults to `None`: those of `fit`.
        y: Their targets, as for `fit`. Defaults to `None`: those of `fit`;
            beside an `x` none, and then no gradients are looked at.
        every: Integer above 0, epochs from one look to the next; or `"auto"`:
            after epochs 1, 2, 4, 8, and then every tenth. The last epoch is
            always looked at. Defaults to `"auto"`.
        on_finding: Callable that is given each new `diagnostics.Finding` in
            place of the printed line. Defaults to `None`.
        stop_on: Set of codes, or their beginnings, of findings that stop the
            training, such as `{"D101"}`. Defaults to `None`: none.
        ignore: Set of codes, or their beginnings, that are neither told nor
            reported. Defaults to `None`: none.
        verbose: `1` prints a line for each new error or warning, `2` for
            advice, too, `0` none. Defaults to `1`.

    Raises:
        ValueError: At construction for codes that no rule of this family has;
            for numbers out of range; for `x` and `y` of unlike length; from
            `report()` and `plot()` before any `fit`.
        TypeError: For arguments of another type.

    Example:

    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(64, 4))
    >>> y = 1e4 * x[:, :1]
    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((4,)),
    ...         keras.layers.Dense(8, activation="relu"),
    ...         keras.layers.Dense(1),
    ...     ]
    ... )
    >>> model.compile(keras.optimizers.SGD(0.1), "mse")
    >>> doctor = ktk.callbacks.TrainingDoctor(stop_on={"D101"}, verbose=0)
    >>> history = model.fit(x, y, epochs=9, verbose=0, callbacks=[doctor])
    >>> doctor.report().most_likely.code
    'D101'

    Reference:

    - [Zhang et al., 2021](https://arxiv.org/abs/2104.14210)
    - [Cao et al., 2022](https://arxiv.org/abs/2112.13257)
    - [Wardat et al., 2021](https://arxiv.org/abs/2103.03376)
    """

    # Its hook of a batch reads nothing but the logs, and those are numbers.
    async_safe = True

    def __init__(
        self,
        x=None,
        y=None,
        *,
        every="auto",
        on_finding=None,
        stop_on=None,
        ignore=None,
        verbose=1,
    ):
        super().__init__()
        refuse_to_be_worker(type(self).__name__)
        if every != "auto":
            require_integer("every", every, 1)
        if on_finding is not None and not callable(on_finding):
            raise bad_type("on_finding", on_finding, "a callable or None")
        for name, codes in (("stop_on", stop_on), ("ignore", ignore)):
            if codes is not None:
                require_codes(name, codes, FAMILY)
        if y is not None and x is None:
            raise bad_value("x", None, "given where `y` is")
        if x is not None and (is_dataset(x) or _is_no_array(x)):
            raise bad_type(
                "x",
                x,
                "an array, or a list or dict of arrays",
                "Of a dataset, take one batch: `x, y = next(iter(dataset))`.",
            )
        for name, arrays in {"x": x, "y": y}.items():
            if arrays is not None:
                require_readable(name, arrays)
        require_choice("verbose", verbose, (0, 1, 2))
        arrays = keras.tree.flatten([x, y])
        rows = {one.shape[0] for one in arrays if getattr(one, "shape", ())}
        if len(rows) > 1:
            raise bad_value("x, y", sorted(rows), "of the same number of rows")
        self.x = x
        self.y = y
        self.every = every
        self.on_finding = on_finding
        self.stop_on = tuple(stop_on or ())
        self.ignore = tuple(ignore or ())
        self.verbose = verbose
        self._examination = None

    def on_train_begin(self, logs=None):
        """Looks at the model and its data before the first step."""
        refuse_workers(self.model, type(self).__name__)
        model = self._examined = self.model
        fit = RunningFit()
        self._x, self._y = self.x, self.y
        self._given = {
            name: fit.argument(name)
            for name in ("batch_size", "class_weight", "sample_weight")
        }
        if self._x is None:
            self._x, self._y = fit.argument("x"), fit.argument("y")
        fit.forget()
        if self._x is not None and _is_no_array(self._x):
            self._x = self._y = None
        self._x, self._y = rows_of_main_process(self._x, self._y)
        self._examination, self._turn = None, threading.Lock()
        self._bad_batch, self._epoch, self._looked = None, 0, 0
        if is_built(model):
            self._begin()
        if self._x is None and self._prints(1):
            print(
                "TrainingDoctor: no arrays to take a probe batch from, so only "
                "the curves are read. Pass some: TrainingDoctor(x, y)."
            )

    def on_epoch_begin(self, epoch, logs=None):
        """Notes which epoch begins."""
        self._epoch, self._batches = epoch, 0

    def on_train_batch_end(self, batch, logs=None):
        """Notes the first batch whose loss is not finite."""
        loss = (logs or {}).get("loss", 0.0)
        # Threads may bring the batches in another order.
        with self._turn:
            self._batches = max(self._batches, batch + 1)
            if math.isfinite(loss):
                return
            seen = (self._epoch, batch, loss)
            self._bad_batch = min(self._bad_batch or seen, seen)
            if matches_code("D101", self.stop_on):
                # `self.model` would bring JAX's whole state back here.
                self._examined.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        """Looks at curves and network where it is time, and concludes."""
        logs = dict(logs or {})
        model = self.model
        if self._examination is None:
            self._begin()
        training = self._examination.training
        training.add_epoch(logs)
        training.updates += self._batches
        training.rates += _rate(model)
        loss = logs.get("loss", 0.0)
        if self._bad_batch is None and not math.isfinite(loss):
            self._bad_batch = (epoch, None, loss)
        if self._bad_batch is None and self._examination.has_lost_weights():
            self._bad_batch = (epoch, None, loss)
        first = training.not_finite is None and self._bad_batch is not None
        if first:
            self._examination.add_not_finite(*self._bad_batch)
        last = epoch + 1 >= (self.params or {}).get("epochs", 0)
        if first or ((last or self._due()) and training.not_finite is None):
            self._looked = training.done
            if not first:
                self._examination.probe()
            self._tell()

    def on_train_end(self, logs=None):
        """Says what can be said only of a training that is over."""
        if self._examination is not None:
            self._examination.training.ended = True
            self._tell()
        self._x = self._y = self._given = self._turn = None

    def report(self):
        """Returns a `diagnostics.Report` on the last `fit`, or on one so far.

        Its `curves` are those of the history, its `marks` say in which epoch
        a finding arose, and its `layers` hold what the probes measured.
        """
        report = self._seen("report").report()
        return report.ignore(*self.ignore) if self.ignore else report

    def plot(self, axes=None):
        """Draws the curves with the findings marked, and the layers.

        Args:
            axes: Four matplotlib `Axes`. Defaults to `None`: those of a new
                figure.

        Returns:
            List of the `Axes`: loss, gradients, dead units, updates.
        """
        report = self._seen("plot").report()
        return plot_training(report.curves, report.marks, report.layers, axes)

    def _begin(self):
        weights = (self._given["class_weight"], self._given["sample_weight"])
        batch_size = self._given["batch_size"]
        self._examination = Examination(
            self.model,
            self._x,
            self._y,
            batch_size if isinstance(batch_size, int) else None,
            # Of a `fit` without any epoch nothing follows.
            (self.params or {}).get("epochs") or None,
            any(one is not None for one in weights),
        )
        for what, why in self._examination.problems.items():
            if self._prints(1):
                print(f"TrainingDoctor: {what} cannot be looked at: {why}")

    def _due(self):
        done = self._examination.training.done
        if self.every != "auto":
            return done - self._looked >= self.every
        return done - self._looked >= max(1, min(self._looked, _FARTHEST))

    def _tell(self):
        for finding in self._examination.conclude():
            if matches(finding, self.ignore):
                continue
            if self.on_finding is not None:
                self.on_finding(finding)
            elif self._prints(2 if finding.severity == "advice" else 1):
                print(_line(finding, self._examination.training.done))
            if matches(finding, self.stop_on):
                self._examined.stop_training = True

    def _prints(self, least):
        return self.verbose >= least and is_main_process()

    def _seen(self, what):
        if self._examination is None:
            raise ValueError(
                f"Expected a `fit` with this TrainingDoctor before `{what}()`."
                " Received: one that has seen no epoch."
            )
        return self._examination


def matches_code(code, codes):
    """Whether `code` begins with one of `codes`."""
    return code.startswith(tuple(codes))


def _is_no_array(x):
    arrays = keras.tree.flatten(x)
    return not all(getattr(one, "shape", ()) for one in arrays) or (
        not isinstance(x, (list, tuple, dict)) and not hasattr(x, "__array__")
    )


def _rate(model):
    """Returns a list with the learning rate, empty where there are several."""
    rate = getattr(getattr(model, "optimizer", None), "learning_rate", None)
    if rate is None:
        return []
    return [as_written(keras.ops.convert_to_numpy(rate))]


def _line(finding, epoch):
    where = f" {finding.where}:" if finding.where else ""
    message = " ".join(finding.message.split())
    fix = " ".join(finding.fix.split())
    return (
        f"TrainingDoctor: epoch {epoch}: {finding.code} {finding.severity} "
        f"({finding.topic}){where} {message} Fix: {fix}"
    )

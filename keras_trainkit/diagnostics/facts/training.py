"""What has been seen of a `fit` so far, as the doctor's rules read it."""

import dataclasses
import functools

import numpy as np

from keras_trainkit.kernels.training_curves.constant_prediction import (
    constant_loss,
)
from keras_trainkit.kernels.training_curves.trend import finite

# Names in the logs of the share of rows that are right.
_ACCURACIES = (
    "accuracy",
    "acc",
    "binary_accuracy",
    "categorical_accuracy",
    "sparse_categorical_accuracy",
)
# Below these the shape of a curve says nothing about the network.
_EPOCHS, _UPDATES = 5, 400
_MANY_EPOCHS, _MANY_UPDATES = 10, 150
# That is enough where the check before training has warned.
_FEW_EPOCHS, _FEW_UPDATES = 3, 100
# A loss below this share of what it was when half as much was trained.
_FAST = 0.9
# A network that has learnt something is below this share of the loss of a
# constant: a few rows more of one class in the batches would not do.
_LEARNT = 0.95
# With a loss above this many times that of a constant, it is sure and wrong.
_SURE_AND_WRONG = 1.5
# Numbers that are quickly counted.
_MOST = 4_000_000


@dataclasses.dataclass(frozen=True)
class Probe:
    """The network on the probe batch after some epoch.

    Attributes:
        epoch: Integer, epochs that had been trained; 0 before the first.
        layers: `{path: LayerOutput}` in the order of the forward pass.
        outputs: List of the model's outputs, NumPy arrays.
        gradients: A `GradientProbe`, or `None` where there is no loss.
        moved: `{path of a layer: size of what its kernel has changed by since
            the start, over its size at the start}`.
        pace: `{path of a layer: the same since the last probe, an epoch}`.
    """

    epoch: int
    layers: dict
    outputs: list
    gradients: object = None
    moved: dict = dataclasses.field(default_factory=dict)
    pace: dict = dataclasses.field(default_factory=dict)

    @property
    def loss(self):
        """The loss without penalties, or `None`."""
        if self.gradients is None:
            return None
        return self.gradients.loss - self.gradients.penalty


@dataclasses.dataclass(frozen=True)
class NotFinite:
    """The first loss that was NaN or infinite, or the first such weights.

    Attributes:
        epoch: Integer from 0 on.
        batch: Integer from 0 on, or `None` where only the epoch is known.
        value: The loss; if it is finite, the weights are not.
        layer: Path of the first layer with such an output, or `None`.
        weights: Paths of layers whose weights were finite no more.
        before: The last `Probe` in which all was finite, or `None`.
        replayed: How many updates a replay on the probe batch took to get
            there, or `None`; 0 where it was so with finite weights: the layer
            makes it, or without one the gradient.
        bad_inputs: How many of the inputs were not finite.
        bad_targets: How many of the targets were not finite.
        probed: Whether there was a batch to look at data and layers on.
    """

    epoch: int
    batch: int | None
    value: float
    layer: str | None = None
    weights: tuple = ()
    before: Probe | None = None
    replayed: int | None = None
    bad_inputs: int = 0
    bad_targets: int = 0
    probed: bool = True


class Training:
    """A `fit` as far as it has come.

    Args:
        subject: The `Subject` of the model, without any training.
        y: List of arrays of the probe batch, or `None`.
        epochs: Integer, the epochs of the `fit`.
        causes: List of `Finding`s of the rules that look before training.
            Defaults to none.
        own_step: Whether the model trains by a step of its own: then nothing
            is known of what its losses mean. Defaults to `False`.
        weighted: Whether rows or classes have weights: then the loss is on
            another scale than that of a constant. Defaults to `False`.

    Attributes:
        curves: `{name: list}`, one value for each epoch; NaN where there was
            none.
        probes: List of `Probe`s.
        rates: List of the learning rates at the end of the epochs.
        updates: Integer, batches trained so far.
        not_finite: `NotFinite`, or `None`.
        ended: Whether it is over.
    """

    def __init__(
        self,
        subject,
        y=None,
        epochs=None,
        causes=(),
        own_step=False,
        weighted=False,
    ):
        self.subject = subject
        self.y = y
        self.epochs = epochs
        self.causes = list(causes)
        self.own_step = own_step
        self.weighted = weighted
        self.curves, self.probes, self.rates = {}, [], []
        self.updates, self.done = 0, 0
        self.not_finite, self.ended = None, False

    def add_epoch(self, logs):
        """Takes the logs of an epoch."""
        for name, value in logs.items():
            before = [float("nan")] * self.done
            self.curves.setdefault(name, before).append(float(value))
        self.done += 1
        for values in self.curves.values():
            values += [float("nan")] * (self.done - len(values))

    @property
    def loss(self):
        """The curve of the loss: a list, perhaps empty."""
        return self.curves.get("loss", [])

    @property
    def validation(self):
        """The curve of the validation's loss: a list, perhaps empty."""
        return self.curves.get("val_loss", [])

    @property
    def accuracy(self):
        """The curve of the accuracy, a list, or `None`."""
        known = [n for n in _ACCURACIES if n in self.curves]
        return self.curves[known[0]] if known else None

    @property
    def probe(self):
        """The latest `Probe`, or `None`."""
        return self.probes[-1] if self.probes else None

    @property
    def rate(self):
        """The largest learning rate so far, or `None`."""
        return max(self.rates, default=None)

    @property
    def loss_name(self):
        """Keras's name of the only loss, or `None`."""
        compiled = self.subject.compiled
        if self.own_step or compiled is None or len(compiled.loss) != 1:
            return None
        return compiled.loss[0] and compiled.loss[0].name

    @functools.cached_property
    def constant(self):
        """The loss of the best constant prediction, or `None`."""
        sample = self.subject.sample
        if sample is None or not sample.whole_y or self.loss_name is None:
            return None
        reduction = self.subject.compiled.loss[0].reduction
        if self.weighted or reduction != "sum_over_batch_size":
            return None
        return constant_loss(self.loss_name, self._targets)

    @property
    def _targets(self):
        """All targets, or of very many those of the sample."""
        sample = self.subject.sample
        whole = sample.whole_y[0]
        return whole if np.size(whole) <= _MOST else sample.y[0]

    @functools.cached_property
    def majority(self):
        """The share of the commonest class, or `None` for no classes."""
        compiled = self.subject.compiled
        if self.constant is None or not compiled.loss[0].is_classification:
            return None
        y = np.asarray(self._targets)
        y = y.reshape(len(y), -1)
        if self.loss_name.startswith("binary"):
            shares = y.mean(axis=0)
            return float(np.maximum(shares, 1 - shares).mean())
        if not self.loss_name.startswith("sparse"):
            y = np.asarray(self._targets).argmax(axis=-1)
        counts = np.unique(y, return_counts=True)[1]
        return float(counts.max() / counts.sum())

    @property
    def learns(self):
        """Whether it has become better than a constant; `None`: not known."""
        if not self.constant:
            return None
        lowest = [*finite(self.loss), *finite(self.validation)]
        penalty = 0.0
        for probe in self.probes:
            if probe.loss is not None and probe.epoch:
                lowest.append(probe.loss)
                penalty = probe.gradients.penalty
        least = min(lowest, default=0.0) - penalty
        if lowest and least < _LEARNT * self.constant:
            return True
        # Some rows more than the commonest class has do not make up for that.
        if least > _SURE_AND_WRONG * self.constant:
            return False
        return self._beats_the_majority()

    @property
    def seen_enough(self):
        """Whether so much was trained that no progress means something."""
        few = self.done >= _EPOCHS and self.updates >= _UPDATES
        many = self.done >= _MANY_EPOCHS and self.updates >= _MANY_UPDATES
        return few or many or self._ends_as_expected

    @property
    def stuck(self):
        """Whether it is no better than a constant, after enough training."""
        return (
            self.seen_enough and self.learns is False and not self._on_its_way
        )

    @property
    def _ends_as_expected(self):
        """Whether a short training is over that the check had warned of."""
        known = {one.severity for one in self.causes}
        long = self.done >= _FEW_EPOCHS and self.updates >= _FEW_UPDATES
        # What cannot work does not do so after more updates.
        return self.ended and (
            "error" in known or ("warning" in known and long)
        )

    @property
    def _on_its_way(self):
        """Whether it is still to fall to a constant's loss, and falls fast."""
        losses = finite(self.loss)
        if self.ended or len(losses) < 4 or losses[-1] <= self.constant:
            return False
        return bool(losses[-1] < _FAST * losses[len(losses) // 2 - 1])

    def _beats_the_majority(self):
        if self.majority is None or not self.accuracy:
            return False
        n = max(self.subject.rows or 1, 1)
        doubt = 3 * np.sqrt(self.majority * (1 - self.majority) / n)
        best = np.nanmax([*self.accuracy, 0.0])
        return bool(best > self.majority + max(0.02, doubt))

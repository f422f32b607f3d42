"""Targets in the form in which a model is trained on them, and back."""

import dataclasses

import numpy as np

from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.held_out.labels import class_places

CODINGS = ("sparse", "one_hot", "column", "flat")


@dataclasses.dataclass(frozen=True)
class TargetCoding:
    """How targets of one output are written for training.

    Attributes:
        labels: Tuple of the classes as the user writes them, or empty.
        classes: `"sparse"`, `"one_hot"`, or `None` for as they were given.
        shape: `"column"`, `"flat"`, or `None` for as they were given.
        scale: Pair `(mean, deviation)` of arrays or floats that the targets
            of a regression are standardised with, or `None`.
    """

    labels: tuple = ()
    classes: str | None = None
    shape: str | None = None
    scale: tuple | None = None

    @property
    def coded_labels(self):
        """The numbers that stand for the labels in training."""
        numbers = all(isinstance(one, (int, float)) for one in self.labels)
        if self.classes is not None or not numbers:
            return tuple(range(len(self.labels)))
        return self.labels

    def coded(self, coding):
        """Returns a coding that writes the targets so, too.

        Args:
            coding: `"sparse"`: the classes as 0, 1, 2, ...; `"one_hot"`;
                `"column"`: `(n,)` as `(n, 1)`; `"flat"`: the reverse.

        Raises:
            ValueError: If the targets are no classes.
        """
        if coding not in CODINGS:
            raise bad_value("coding", coding, f"one of {CODINGS}")
        if coding in ("column", "flat"):
            return dataclasses.replace(self, shape=coding)
        if not self.labels:
            raise bad_value("y", "no classes", f"classes, to be {coding}")
        return dataclasses.replace(self, classes=coding)

    def encode(self, y):
        """Returns targets as the model is trained on them.

        Args:
            y: Array of targets as the user writes them.
        """
        y = np.asarray(y)
        single = y.ndim > 1 and y.shape[-1] == 1
        if self.classes is not None:
            y = class_places(y, self.labels).astype("int32")
            if self.classes == "one_hot":
                y = np.eye(len(self.labels), dtype="float32")[y]
            elif single:
                y = y[..., None]
        if self.scale is not None:
            mean, deviation = self.scale
            y = ((y - mean) / deviation).astype("float32")
        if self.shape == "column" and y.ndim == 1:
            return y[:, None]
        if self.shape == "flat" and y.ndim > 1 and y.shape[-1] == 1:
            return y[..., 0]
        return y

    def decode(self, outputs):
        """Returns outputs of a regression in the units of the targets."""
        if self.scale is None:
            return outputs
        mean, deviation = self.scale
        return outputs * deviation + mean

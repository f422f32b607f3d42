"""One owner for each hyperparameter, and an error for the second writer."""

import math

import keras
import numpy as np

from keras_trainkit.backend.training.baked_state import Same
from keras_trainkit.schedules.curve_key import curve_key

_BLOCK = 1024


class Claim:
    """One owner's curve for one hyperparameter.

    Args:
        owner: Name of the callback, for error messages.
        hyperparameter: Its public name, such as `"learning_rate"`.
        attribute: The optimizer's attribute; `None` for the learning rate
            that has a variable.
        curve: Callable `(position, xp, dtype) -> value`, which computes with
            `xp` (`numpy` or `keras.ops`) at an integer position.
        found: Whether the curve is the learning rate as the `fit` found it,
            which a curve of a callback's own replaces. Defaults to `False`.
    """

    def __init__(self, owner, hyperparameter, attribute, curve, found=False):
        self.owner = owner
        self.hyperparameter = hyperparameter
        self.attribute = attribute
        self.curve = curve
        self.found = found
        self.origin = 0
        self.factor = 1.0
        self.factor_changes = []
        self._factors = {}
        self._block, self._values = None, ()

    @property
    def held(self):
        """Whether the value changes with the factor only.

        The learning rate's variable then holds it; no step has to write it.
        """
        return self.found and self.attribute is None

    @property
    def started(self):
        """Whether it is known where the curve begins."""
        return bool(self.factor_changes)

    def start(self, origin, updates):
        """Sets the count of updates at which the curve's position is 0."""
        self.origin = origin
        self.factor_changes = [(updates - origin, self.factor)]

    def set_factor(self, name, factor, updates):
        """Multiplies the curve by a named factor from an update on."""
        self._factors[name] = factor
        self.factor = math.prod(self._factors.values())
        if self.started:
            self.factor_changes.append((updates - self.origin, self.factor))

    def constants(self):
        """Returns what a step bakes in that computes the value; hashable."""
        key = curve_key(self.curve) or Same(self)
        return self.hyperparameter, self.attribute, key

    def constant(self):
        """Whether the curve has one value, looked at for 1024 updates."""
        return len(set(self._tabulated(0) or ())) == 1

    def on_host(self, updates):
        """Returns the value for the update with this count, in float64."""
        position = updates - self.origin
        block, place = divmod(position, _BLOCK)
        if block != self._block:
            self._block, self._values = block, self._tabulated(block)
        if self._values is None:
            value = float(self.curve(np.asarray(position), np, "float64"))
        else:
            value = self._values[place]
        return value * self.factor

    def _tabulated(self, block):
        # An eager step asks at every update: NumPy's overhead for one number
        # would be a tenth of a small model's step.
        positions = np.arange(block * _BLOCK, (block + 1) * _BLOCK)
        try:
            values = np.asarray(self.curve(positions, np, "float64"))
        except Exception:
            # A user's schedule may end with the run, as a table does: no
            # position is asked for then that no update has.
            return None
        return np.broadcast_to(values, positions.shape).tolist()

    def in_step(self, updates, origin, factor, dtype):
        """Returns the value as a tensor of the step being traced.

        Args:
            updates: The count of updates, a tensor.
            origin: `origin` as a tensor, which a later run may change.
            factor: `factor` as a tensor.
            dtype: What to compute in.
        """
        position = updates - keras.ops.cast(origin, updates.dtype)
        value = self.curve(position, keras.ops, dtype)
        return value * keras.ops.cast(factor, dtype)

    def positions(self, updates):
        """Returns the positions used from the start until `updates`."""
        if not self.started:
            return np.arange(0)
        first = self.factor_changes[0][0]
        return np.arange(first, max(first, updates - self.origin))

    def trace(self, updates):
        """Returns the values at `positions(updates)`, in float64."""
        positions = self.positions(updates)
        since, factors = zip(*(self.factor_changes or [(0, 1.0)]), strict=True)
        change = np.searchsorted(since, positions, side="right") - 1
        values = self.curve(positions, np, "float64")
        return np.asarray(values) * np.asarray(factors)[change]


def second_curve(claim, owner):
    """Returns the error for a second callback with a curve of its own."""
    return ValueError(
        f"Expected one curve for `{claim.hyperparameter}`. Received: "
        f"{owner} wants it, but {claim.owner} has it in this `fit`. "
        "Remove one of the two callbacks."
    )


def second_writer(claim):
    """Returns the error for a write to the learning rate by someone else."""
    return ValueError(
        f"Expected the learning rate to be left to {claim.owner} during "
        "this `fit`. Received: a write to `optimizer.learning_rate` "
        "by someone else, such as LearningRateScheduler or "
        "ReduceLROnPlateau. Remove one of the two."
    )


def set_by_another(claims, name):
    """Returns the error for a scheduled thing that someone else replaced."""
    return ValueError(
        "Expected the scheduled hyperparameters to be left to "
        f"{_owners(claims)} during this `fit`. Received: another "
        f"`{name}` set by someone else. Remove one of the two."
    )


def compiled_inside(claims):
    """Returns the error for a trace that would outlive the curves."""
    return ValueError(
        "Expected a `train_step` that Keras compiles, with "
        f"{_owners(claims)}. Received: one with a function of its own that is "
        "decorated (`tf.function`, `jax.jit`) and applies the optimizer: it "
        "would keep the curves of this run for good. Take the decorator off: "
        "`fit` compiles the step."
    )


def _owners(claims):
    return ", ".join(sorted({claim.owner for claim in claims}))

"""A curve that one callback has the say over."""

import math

import keras
import numpy as np

from keras_trainkit.scheduling.found_rate import FoundRate

_BLOCK = 1024


class Claim:
    """One owner's curve for one hyperparameter.

    Args:
        owner: Name of the callback, for error messages.
        hyperparameter: Its public name, such as `"learning_rate"`.
        attribute: The optimizer's attribute; `None` for the learning rate.
        curve: Callable `(position, xp, dtype) -> value`, which computes with
            `xp` (`numpy` or `keras.ops`) at an integer position.
    """

    def __init__(self, owner, hyperparameter, attribute, curve):
        self.owner = owner
        self.hyperparameter = hyperparameter
        self.attribute = attribute
        self.curve = curve
        self.origin = 0
        self.factor = 1.0
        self.factor_changes = []
        self._factors = {}
        self._block, self._values = None, ()

    @property
    def found(self):
        """Whether the curve is what the `fit` found, not the owner's own."""
        return isinstance(self.curve, FoundRate)

    @property
    def held(self):
        """Whether the value changes with the factor only.

        The learning rate's variable then holds it; no step has to write it.
        """
        return self.found and self.curve.constant

    def set_factor(self, name, factor, updates):
        """Multiplies the curve by a named factor from an update on."""
        self._factors[name] = factor
        self.factor = math.prod(self._factors.values())
        self.factor_changes.append((updates - self.origin, self.factor))

    def on_host(self, updates):
        """Returns the value for the update with this count, in float64."""
        block, place = divmod(updates - self.origin, _BLOCK)
        if block != self._block:
            self._block, self._values = block, self._tabulated(block)
        return self._values[place] * self.factor

    def _tabulated(self, block):
        # An eager step asks at every update: NumPy's overhead for one number
        # would be a tenth of a small model's step.
        positions = np.arange(block * _BLOCK, (block + 1) * _BLOCK)
        values = np.asarray(self.curve(positions, np, "float64"))
        return np.broadcast_to(values, positions.shape).tolist()

    def in_step(self, updates, dtype):
        """Returns the value as a tensor of the step being traced."""
        position = updates - self.origin
        return self.curve(position, keras.ops, dtype) * self.factor

    def positions(self, updates):
        """Returns the positions used from the start until `updates`."""
        if not self.factor_changes:
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

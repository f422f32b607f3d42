"""Layers that merge several tensors, and the entries of nested models."""

import keras
import numpy as np

from keras_trainkit.compression.shrinking.rule import Passing
from keras_trainkit.compression.shrinking.rule import Rule
from keras_trainkit.compression.shrinking.rule import run_on_constants
from keras_trainkit.compression.shrinking.units import Units
from keras_trainkit.compression.shrinking.units import unknown

_LAYERS = keras.layers
MERGING = {
    _LAYERS.Add,
    _LAYERS.Subtract,
    _LAYERS.Multiply,
    _LAYERS.Average,
    _LAYERS.Maximum,
    _LAYERS.Minimum,
}
MERGING_OPERATIONS = {"Add", "Subtract", "Multiply", "Maximum", "Minimum"}


class Merging(Rule):
    """Elementwise in tensors of equal units: these stay, or go, together."""

    def __init__(self, step, inputs, tracing):
        super().__init__(step, inputs, tracing)
        first, *others = inputs
        for units in others:
            tracing.ties.tie(first.labels, units.labels, _name(step))
        constants = run_on_constants(step, inputs)
        if type(step.operation).__name__ == "Multiply":
            zero = np.any([units.constants == 0 for units in inputs], axis=0)
            constants = np.where(zero, 0.0, constants)
        self.outputs = [Units(first.axis, first.labels, constants)]

    def needs(self, needed):
        """Of all tensors the same, unless the result is constant."""
        wanted = needed[0] & ~self.outputs[0].known
        return [wanted for _ in self.inputs]


class Joining(Rule):
    """`Concatenate` along another axis than that of the units."""

    def __init__(self, step, inputs, tracing):
        super().__init__(step, inputs, tracing)
        first, *others = inputs
        same = np.ones(first.count, bool)
        for units in others:
            tracing.ties.tie(first.labels, units.labels, _name(step))
            same &= units.constants == first.constants
        constants = np.where(same, first.constants, np.nan)
        self.outputs = [Units(first.axis, first.labels, constants)]

    def needs(self, needed):
        """Of all tensors the same, unless the result is constant."""
        wanted = needed[0] & ~self.outputs[0].known
        return [wanted for _ in self.inputs]


class Chaining(Rule):
    """`Concatenate` along the axis of the units: one after the other.

    Args:
        axis: Integer, that axis.
        counts: List of integers, the units of each tensor.
    """

    def __init__(self, step, inputs, tracing, axis, counts):
        super().__init__(step, inputs, tracing)
        ties, parts = tracing.ties, []
        for units, count in zip(inputs, counts, strict=True):
            if units is None:
                units = Units(axis, ties.fresh(count), unknown(count))
                ties.pin(units.labels, "of a tensor that is left as it is")
            parts.append(units)
        self._ends = np.cumsum(counts)[:-1]
        self.outputs = [
            Units(
                axis,
                np.concatenate([units.labels for units in parts]),
                np.concatenate([units.constants for units in parts]),
            )
        ]

    def needs(self, needed):
        """Each tensor's own part."""
        wanted = needed[0] & ~self.outputs[0].known
        return np.split(wanted, self._ends)


class Entry(Passing):
    """The entry of a nested model: what it is called on in every call."""

    def __init__(self, step, inputs, tracing):
        (units,), (spec,) = inputs, step.specs
        tracing.tie_calls(id(spec), units, spec.name)
        super().__init__(step, inputs, tracing, units.axis)


class Exit(Rule):
    """The exit of a nested model: its results, as they are."""

    def __init__(self, step, inputs, tracing):
        super().__init__(step, inputs, tracing)
        self.outputs = inputs[step.for_masks :]

    def needs(self, needed):
        """What comes for its mask is not read."""
        masks = [
            None if units is None else np.zeros(units.count, bool)
            for units in self.inputs[: self.step.for_masks]
        ]
        return [*masks, *needed]


def merging(step, inputs, tracing):
    """Returns the rule of a step that merges tensors.

    Args:
        step: The `Step`.
        inputs: List of `Units` or `None`.
        tracing: The `Tracing`.

    Returns:
        A `Rule`, or `None` for a step of another kind, or tensors whose units
        do not lie alike.
    """
    known = [units for units in inputs if units is not None]
    axes = {units.axis for units in known}
    ranks = {len(tensor.shape) for tensor in step.node.input_tensors}
    if len(axes) != 1 or len(ranks) != 1 or len(inputs) < 2:
        return None
    (axis,) = axes
    counts = [tensor.shape[axis] for tensor in step.node.input_tensors]
    alike = len(known) == len(inputs) and len(set(counts)) == 1
    if type(step.operation).__name__ == "Concatenate":
        if step.operation.axis % ranks.pop() == axis:
            return Chaining(step, inputs, tracing, axis, counts)
        return Joining(step, inputs, tracing) if alike else None
    return Merging(step, inputs, tracing) if alike else None


def _name(step):
    return step.operation.name

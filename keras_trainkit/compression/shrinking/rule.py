"""How the units of tensors pass one step of a graph."""

import dataclasses

import keras
import numpy as np

from keras_trainkit.backend.model.tensors import to_numpy
from keras_trainkit.compression.shrinking.units import Ties
from keras_trainkit.compression.shrinking.units import Units
from keras_trainkit.compression.shrinking.units import unknown


@dataclasses.dataclass(eq=False)
class Tracing:
    """What the rules of all steps know in common.

    Attributes:
        ties: The `Ties` of all units.
        calls: `{id(layer): how many steps call it}`.
        seen: `{key: list of the Units of each call so far}`.
        left: Set of the ids of layers that are left as they are.
    """

    ties: Ties
    calls: dict
    seen: dict = dataclasses.field(default_factory=dict)
    left: set = dataclasses.field(default_factory=set)

    def tie_calls(self, key, units, name):
        """Makes what a layer reads in all its calls stay, or go, together.

        Args:
            key: What stands for the layer.
            units: The `Units` that it reads in this call, or `None` where
                these cannot go.
            name: The layer's name.

        Returns:
            The `Units` of the first call.
        """
        calls = self.seen.setdefault(key, [])
        calls.append(units)
        known = [one for one in calls if one is not None]
        if len(known) < len(calls):
            reason = f"{name!r} also reads what is left as it is"
            for one in known:
                self.ties.pin(one.labels, reason)
        elif len(calls) > 1:
            self.ties.tie(calls[0].labels, units.labels)
        return calls[0]


class Rule:
    """How the units of its inputs become those of its outputs.

    Args:
        step: The `Step` of the graph.
        inputs: List of `Units`, `None` for a tensor whose units cannot go.
        tracing: The `Tracing`.

    Attributes:
        outputs: List of `Units`, or `None` for a tensor whose units cannot go.
    """

    def __init__(self, step, inputs, tracing):
        self.step, self.inputs, self.tracing = step, inputs, tracing
        self.layer = step.operation
        self.outputs = [None] * len(step.outputs)

    def needs(self, needed):
        """Returns which units have to be computed for those that are needed.

        Args:
            needed: List of Booleans, an array for each of `outputs`.

        Returns:
            List of Booleans, an array for each of `inputs`, or `None`.
        """
        raise NotImplementedError

    def smaller(self, keep):
        """Returns the layer without the units that go, if it holds any.

        Args:
            keep: Callable from `Units`, or `None`, and a count to Booleans:
                those that stay.

        Returns:
            Tuple `(layer, values)`, the values of its variables in the order
            of the old ones, or `None` where the layer can stay.
        """
        return None


class Fixed(Rule):
    """A step that reads all units, and whose own cannot go.

    Args:
        reason: Why, in words.
    """

    def __init__(self, step, inputs, tracing, reason):
        super().__init__(step, inputs, tracing)
        for units in inputs:
            if units is not None:
                tracing.ties.pin(units.labels, reason)
        self.reason = reason

    def needs(self, needed):
        """All."""
        return [
            None if units is None else np.ones(units.count, bool)
            for units in self.inputs
        ]


class Passing(Rule):
    """A step each of whose units depends on one unit of its one input.

    Args:
        axis: Integer, the axis of its units.
        source: Integer array: the unit that each depends on. Defaults to
            `None`: each on the one at its place.
        constants: Array of float64. Defaults to `None`: those of the units
            that they depend on.
    """

    def __init__(
        self, step, inputs, tracing, axis, source=None, constants=None
    ):
        super().__init__(step, inputs, tracing)
        (units,) = inputs
        self.source = np.arange(units.count) if source is None else source
        if constants is None:
            constants = units.constants[self.source]
        labels = units.labels[self.source]
        self.outputs = [Units(axis, labels, constants)]

    def needs(self, needed):
        """Each unit needs its source, unless it is constant."""
        wanted = needed[0] & ~self.outputs[0].known
        found = np.zeros(self.inputs[0].count, bool)
        np.logical_or.at(found, self.source, wanted)
        return [found]


def run_on_constants(step, inputs):
    """Runs an elementwise step on units that are constant.

    Args:
        step: The `Step`.
        inputs: List of `Units`, of equal axis and count.

    Returns:
        Array of float64: its results, NaN where an input is not constant.
    """
    known = np.all([units.known for units in inputs], axis=0)
    if not known.any():
        return unknown(len(known))
    rank = len(step.specs[0].shape)
    values = [_as_tensor(units, rank) for units in inputs]
    (result,) = step.run(values)
    found = to_numpy(result).astype("float64").ravel()
    return only_known(found, known)


def only_known(values, known):
    """Returns values with NaN where they are not known, or not finite."""
    return np.where(known & np.isfinite(values), values, np.nan)


def _as_tensor(units, rank):
    shape = [1] * rank
    shape[units.axis] = units.count
    dtype = "float64" if keras.config.floatx() == "float64" else "float32"
    values = np.nan_to_num(units.constants).reshape(shape)
    return keras.ops.convert_to_tensor(values.astype(dtype))

"""Statistics of what BatchNormalizations are given over all of some data."""

import itertools

import keras
import numpy as np

from keras_trainkit.backend.devices.between_processes import from_all_processes
from keras_trainkit.backend.model.compiled_functions import Compiled
from keras_trainkit.backend.model.graph_nodes import mask_of
from keras_trainkit.backend.model.graph_nodes import set_mask
from keras_trainkit.backend.model.observed_inputs import observed_inputs
from keras_trainkit.batch_norm.levels import levels
from keras_trainkit.batch_norm.repeated_batches import RepeatedBatches
from keras_trainkit.batch_norm.statistics import assign_statistics
from keras_trainkit.batch_norm.statistics import mean_and_variance
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.population_moments import PopulationMoments
from keras_trainkit.kernels.population_moments import sample_moments
from keras_trainkit.models.graph import run

# How often statistics that depend on themselves are measured anew.
_MOST_TURNS = 50


class PopulationStatistics:
    """Gives BatchNormalizations the statistics of their inputs over data.

    It goes from the inputs to the outputs: the layers with no other one
    before them are measured and assigned first, then those behind one, and so
    on. What is computed up to a level is kept for the next one, where it fits
    into memory. Within a subclassed model, and where a layer is used again
    behind itself, all layers are measured and assigned together, until
    nothing changes any more.

    Args:
        model: A built `keras.Model`.
        layers: List of its `BatchNormalization`s to be measured.
    """

    def __init__(self, model, layers):
        compiled = Compiled(model)
        self._levels = levels(model, layers)
        self._parts, before = [], [0]
        for level, after in itertools.pairwise(self._levels):
            part, measured = (
                _part(level, before),
                _measured_part(level, before, after),
            )
            self._parts.append((compiled(part), compiled(measured)))
            before = level.frontier

    @property
    def passes(self):
        """How many passes over the data there are; `None` if it depends."""
        levels = self._levels[1:]
        return len(levels) if all(x.longest == 1 for x in levels) else None

    def assign(self, data, batch_size, steps, after_batch):
        """Measures and assigns, level by level.

        Args:
            data: Whatever `predict` takes.
            batch_size: As in `predict`.
            steps: As in `predict`.
            after_batch: Callable without arguments.

        Returns:
            List of the layers that were called, and so were assigned.

        Raises:
            ValueError: If there is no data, inputs are not finite, or no
                consistent statistics are found.
        """
        batches, called = RepeatedBatches(data, batch_size, steps), []
        for level, (part, measured) in zip(
            self._levels[1:], self._parts, strict=True
        ):
            called += self._settle(level, measured, batches, after_batch)
            batches.go_on(part)
        return called

    def _settle(self, level, measured, batches, after_batch):
        """Measures the layers of a level until their statistics stay."""
        for turn in range(1, level.longest + _MOST_TURNS):
            before = [mean_and_variance(layer) for layer in level.layers]
            found, calls = _measure(level, measured, batches, after_batch)
            called = [layer for layer in level.layers if calls[id(layer)]]
            usable = [one for one in called if found[id(one)].finite()]
            for layer in usable:
                assign_statistics(layer, *found[id(layer)].mean_and_variance())
            after = [mean_and_variance(layer) for layer in level.layers]
            # Whoever is called once by each step cannot follow itself.
            once = all(calls[one] <= level.calls[one] for one in calls)
            settled = all(map(_same, before, after))
            if (once and turn == level.longest) or settled:
                _require_all(called, usable, found)
                return called
        names = [layer.name for layer in level.layers]
        raise ValueError(
            "Expected layers that can be given the statistics of their inputs."
            f" Received: {names}, of which some are used again behind "
            "themselves, and whose statistics still change after "
            f"{turn} passes. Give each place a BatchNormalization of its own, "
            "or freeze these layers."
        )


def _measure(level, measured, batches, after_batch):
    """Measures the layers of a level once.

    Returns:
        Tuple of two dicts by `id(layer)`: the `PopulationMoments`, and how
        often the layer is called for a batch.
    """
    ids = [id(layer) for layer in level.layers]
    found = {one: PopulationMoments() for one in ids}
    calls = dict.fromkeys(ids, 0)
    for of_layers in batches.through(measured):
        for one, of_calls in zip(ids, of_layers, strict=True):
            calls[one] = max(calls[one], len(of_calls))
            for moments in of_calls:
                found[one].add(*map(keras.ops.convert_to_numpy, moments))
        after_batch()
    return _of_all_processes(ids, found, calls)


def _of_all_processes(ids, found, calls):
    """Returns both of what all processes have seen, each of its own data."""
    held = from_all_processes([(found[one], calls[one]) for one in ids])
    if len(held) == 1:
        return found, calls
    found = {one: PopulationMoments() for one in ids}
    for one, of_layer in zip(ids, zip(*held, strict=True), strict=True):
        for moments, count in of_layer:
            found[one].add_population(moments)
            calls[one] = max(calls[one], count)
    return found, calls


def _require_all(called, usable, found):
    for layer in called:
        if layer in usable:
            continue
        if not found[id(layer)].count:
            raise bad_value(
                "data",
                f"nothing but masked values for the layer {layer.name!r}",
                "such that a value in each channel of its inputs counts",
            )
        raise ValueError(
            "Expected finite inputs of every BatchNormalization. Received: "
            f"NaN or infinite ones in the layer {layer.name!r}. "
            "`keras_trainkit.probing.forward` shows which layer makes them."
        )


def _same(before, after):
    """Whether statistics differ by roundings only."""
    mean, variance = after
    scale = np.sqrt(variance + np.square(mean))
    return bool(
        (np.abs(before[0] - mean) <= 2e-6 * scale).all()
        and (np.abs(before[1] - variance) <= 4e-6 * variance).all()
    )


def _part(level, before):
    """Returns what computes the frontier of a level from that before it."""

    def part(pairs):
        values = _taken(before, pairs)
        run(level.steps, values)
        return [(values[ref], mask_of(values[ref])) for ref in level.frontier]

    return part


def _measured_part(level, before, after):
    """Returns the same with what the layers of the level `after` are given."""
    part = _part(level, before)

    def measured(pairs):
        pairs = part(pairs)
        values = _taken(level.frontier, pairs)
        calls = {id(layer): [] for layer in after.layers}

        def see(layer, inputs, mask):
            calls[id(layer)].append(sample_moments(inputs, mask, layer.axis))

        with observed_inputs(after.layers, see):
            for step in after.measured:
                step.run([values[ref] for ref in step.inputs])
        return pairs, [calls[id(layer)] for layer in after.layers]

    return measured


def _taken(references, pairs):
    values = {}
    for ref, (value, mask) in zip(references, pairs, strict=True):
        if mask is not None:
            set_mask(value, mask)
        values[ref] = value
    return values

"""Finds the units of a graph of layers that its outputs do not depend on."""

import collections

import numpy as np

from keras_trainkit.compression.shrinking.linear import Linear
from keras_trainkit.compression.shrinking.rule import Tracing
from keras_trainkit.compression.shrinking.rule_of import rule_of
from keras_trainkit.compression.shrinking.units import Ties
from keras_trainkit.kernels.sparsity.dead_units import missing_in_groups
from keras_trainkit.models.graph import Steps

_OUTPUT = "units of an output"
_LAST = "the last unit cannot go"
_GROUPS = "the groups of a convolution stay equal"


class DeadUnits:
    """The units of a model, and which of them can go.

    Forwards, each step tells which of its units are constant. Backwards, each
    tells which units it needs for those that are needed, beginning with the
    outputs: a constant is not needed where a bias can hold it, nor is what is
    read by zero weights only. A unit can go where nothing that is tied to it,
    by a merge or a layer with weights per unit, is needed.

    Args:
        model: A built model that is a graph of layers.

    Attributes:
        rules: List of the `Rule`s of the steps.
        entries: `{id(input of a nested model): its Units}`.
    """

    def __init__(self, model):
        graph = Steps(model)
        calls = collections.Counter(id(s.operation) for s in graph.steps)
        self._tracing = Tracing(Ties(), calls)
        self._graph, self._values, self.rules = graph, {}, []
        self.entries, self._found = {}, {}
        self._trace()
        self._mark()
        self._keep_what_must_stay()

    def keep(self, units, count):
        """Returns Booleans: which units stay.

        Args:
            units: `Units`, or `None` for those that cannot go.
            count: How many there are.
        """
        if units is None:
            return np.ones(count, bool)
        return np.isin(self._roots(units), list(self._kept))

    def why(self, units, which):
        """Returns why dead units stay: a list of reasons, each once.

        Args:
            units: `Units`.
            which: Booleans: those that are asked for.
        """
        roots = self._roots(units)[which]
        return list(dict.fromkeys(self._reason(one) for one in roots))

    def layers(self):
        """Yields the rules of each layer with units of its own, as lists."""
        calls = collections.defaultdict(list)
        for rule in self.rules:
            if isinstance(rule, Linear):
                calls[id(rule.layer)].append(rule)
        yield from calls.values()

    def _trace(self):
        for step in self._graph.steps:
            inputs = [self._values.get(ref) for ref in step.inputs]
            rule = rule_of(step, inputs, self._tracing)
            self.rules.append(rule)
            self._values.update(zip(step.outputs, rule.outputs, strict=True))
            if step.operation is None and not step.for_masks:
                for spec, units in zip(step.specs, rule.outputs, strict=True):
                    self.entries[id(spec)] = units
        for rule in self.rules:
            if (
                isinstance(rule, Linear)
                and id(rule.layer) in self._tracing.left
            ):
                reason = f"{rule.layer.name!r} is called in other ways, too"
                self._tracing.ties.pin(rule.units.labels, reason)

    def _mark(self):
        """Goes from the outputs to the inputs."""
        self._needed = {
            ref: np.zeros(units.count, bool)
            for ref, units in self._values.items()
            if units is not None
        }
        for ref in self._graph.outputs:
            if ref in self._needed:
                self._needed[ref][:] = True
                labels = self._values[ref].labels
                self._tracing.ties.pin(labels, _OUTPUT)
        pairs = list(zip(self._graph.steps, self.rules, strict=True))
        for step, rule in reversed(pairs):
            needed = [self._needed_at(ref, rule) for ref in step.outputs]
            for ref, found in zip(step.inputs, rule.needs(needed), strict=True):
                if ref in self._needed and found is not None:
                    self._needed[ref] |= found

    def _needed_at(self, ref, rule):
        if ref in self._needed:
            return self._needed[ref]
        count = rule.units.count if isinstance(rule, Linear) else 0
        return np.ones(count, bool)

    def _keep_what_must_stay(self):
        ties = self._tracing.ties
        self._reasons = ties.at_roots(ties.pins)
        self._merges = ties.at_roots(ties.tied_by)
        self._kept = set(self._reasons)
        for ref, needed in self._needed.items():
            self._kept.update(self._roots(self._values[ref])[needed].tolist())
        grown = True
        while grown:
            grown = [
                self._complete(units, groups, reason)
                for units, groups, reason in self._demands()
            ]
            grown = any(grown)

    def _demands(self):
        for units in self._values.values():
            if units is not None:
                yield units, 1, _LAST
        for rule in self.rules:
            if isinstance(rule, Linear) and rule.groups > 1:
                for units in (rule.units, *rule.inputs):
                    if units is not None:
                        yield units, rule.groups, _GROUPS

    def _complete(self, units, groups, reason):
        missing = missing_in_groups(self.keep(units, units.count), groups)
        for label in self._roots(units)[missing].tolist():
            self._kept.add(label)
            self._reasons.setdefault(label, reason)
        return len(missing) > 0

    def _reason(self, root):
        if root in self._reasons:
            return self._reasons[root]
        if root in self._merges:
            merge = self._merges[root]
            return f"merged with units that are not dead in {merge!r}"
        return "a later layer makes them vary from place to place"

    def _roots(self, units):
        if units not in self._found:
            self._found[units] = self._tracing.ties.roots(units.labels)
        return self._found[units]

"""Which BatchNormalization goes into which layers."""

import keras

from keras_trainkit.batch_norm.folding.channel_map import NotFoldable
from keras_trainkit.batch_norm.folding.channel_map import map_of
from keras_trainkit.batch_norm.folding.channel_map import normalization_in
from keras_trainkit.batch_norm.folding.linear_layers import linear_layer
from keras_trainkit.batch_norm.folding.passing import moved_back
from keras_trainkit.batch_norm.folding.passing import moved_on


class Plan:
    """Folds what can be folded, on paper.

    Args:
        flow: The `Flow` of a model.

    Attributes:
        operations: List of what is, or wraps, a BatchNormalization.
        layers: `{id(operation): LinearLayer}` of the layers that change.
        removed: `{id(operation): operation}` of those that are folded away.
        folded: `{id(operation): list of operations}`: the layers that each
            of them goes into.
        left: `{id(operation): reason}` of the others.
    """

    def __init__(self, flow):
        self._flow = flow
        self._linear = {}
        self.removed, self.folded, self.left = {}, {}, {}
        self.operations = [
            one
            for one in flow.operations()
            if normalization_in(one) is not None
        ]
        waiting, before = self.operations, None
        # What is folded stands no longer between two others.
        while len(waiting) != before:
            before = len(waiting)
            waiting = [one for one in waiting if not self._fold(one)]
        used = {id(one) for into in self.folded.values() for one in into}
        self.layers = {key: self._linear[key] for key in used}

    def _fold(self, operation):
        try:
            self._require_inference(operation)
            into = self._into(operation)
        except NotFoldable as reason:
            self.left[id(operation)] = str(reason)
            return False
        # All of them are known to be able to, before one is changed.
        for layer, weights, changes in into:
            layer.take_up(weights, changes)
        self.removed[id(operation)] = operation
        self.folded[id(operation)] = [layer.operation for layer, *_ in into]
        self.left.pop(id(operation), None)
        return True

    def _into(self, operation):
        calls = self._flow.calls(operation)
        try:
            return self._found(self._before(call) for call in calls)
        except NotFoldable as reason:
            before = reason
        try:
            return self._found(
                one for call in calls for one in self._behind(call)
            )
        except NotFoldable as behind:
            raise NotFoldable(
                f"not into what comes before, since {before}; not into what "
                f"comes behind, since {behind}"
            ) from behind

    def _found(self, ends):
        """Returns the changes of layers, each of which is reached in all calls.

        Args:
            ends: Iterable of `(call, mapping, method, shape)`.
        """
        groups = {}
        for call, *change in ends:
            groups.setdefault(id(call.operation), []).append((call, *change))
        return [self._change(group) for group in groups.values()]

    def _change(self, group):
        call, mapping, method, shape = group[0]
        name = call.operation.name
        reached = {id(one.step) for one, *_ in group}
        calls = self._flow.calls(call.operation)
        if reached != {id(one.step) for one in calls}:
            raise NotFoldable(f"{name!r} is called elsewhere, too")
        if self._flow.shares_weights(call.operation):
            raise NotFoldable(f"{name!r} shares its weights with another layer")
        if any(not mapping.equals(other) for _, other, *_ in group):
            raise NotFoldable(f"the calls of {name!r} differ")
        layer = self._linear[id(call.operation)]
        return layer, *getattr(layer, method)(mapping, shape)

    def _before(self, call):
        mapping, ref = _map_at(call), call.given
        while True:
            before = self._flow.call_that_made(ref)
            if self._is_linear(before.operation):
                if before.dtypes[1] != call.dtypes[1]:
                    raise NotFoldable(
                        f"{before.operation.name!r} returns "
                        f"{before.dtypes[1]}, and it {call.dtypes[1]}"
                    )
                return before, mapping, "with_outputs_mapped", before.shapes[1]
            if id(before.operation) not in self.folded:
                mapping = moved_back(before.operation, mapping, before.shapes)
            ref = before.given

    def _behind(self, call):
        yield from self._on(call.made, _map_at(call))

    def _on(self, ref, mapping):
        for call in self._flow.calls_that_read(ref):
            if self._is_linear(call.operation):
                yield call, mapping, "with_inputs_mapped", call.shapes[0]
            elif id(call.operation) in self.folded:
                yield from self._on(call.made, mapping)
            else:
                moved = moved_on(call.operation, mapping, call.shapes)
                yield from self._on(call.made, moved)

    def _is_linear(self, operation):
        if id(operation) not in self._linear:
            self._linear[id(operation)] = linear_layer(operation)
        return self._linear[id(operation)] is not None

    def _require_inference(self, operation):
        if id(operation) in self._flow.in_training:
            raise NotFoldable(
                "it is called with `training=True`, that is with the "
                "statistics of each batch"
            )


def _map_at(call):
    if call.dtypes[0] != call.dtypes[1]:
        raise NotFoldable(f"it converts {call.dtypes[0]} to {call.dtypes[1]}")
    if not isinstance(call.operation, keras.Layer):
        raise NotFoldable("it is no layer")
    return map_of(call.operation, len(call.shapes[0]))

"""The residual branches of a network, found in the graph of its calls."""

import dataclasses

import keras

from keras_trainkit.initializers.linear_layers import is_linear
from keras_trainkit.kernels.argument_checks import bad_value


@dataclasses.dataclass(eq=False)
class Branch:
    """One residual branch: the layers between a sum and where it forks.

    Attributes:
        join: The `SymbolicCall` of the sum.
        calls: List of the calls of linear layers on it, in order.
    """

    join: object
    calls: list


class CallGraph:
    """What reads what among the calls of a forward pass.

    Args:
        calls: List of `SymbolicCall`s in the order of the pass.
        outputs: The symbolic tensors that the model returns.

    Attributes:
        calls: The same list.
    """

    def __init__(self, calls, outputs):
        self.calls = calls
        self._outputs = outputs
        self._maker, self._behind = {}, []
        # Sets of calls and of the model's inputs as the bits of an integer:
        # what lies before a call, and the call itself.
        self._inputs = {}
        for place, call in enumerate(calls):
            before = 0
            for tensor in call.inputs:
                before |= self._up_to(tensor)
            self._behind.append(before | 1 << place)
            self._maker.update((id(one), place) for one in call.outputs)

    def branches(self, model_name):
        """Returns the residual branches in the order of their sums.

        A sum is a residual one where what it adds has an ancestor in common.
        The inputs with the fewest linear layers behind the fork are skip
        connections (a projection is one), the others are branches.

        Raises:
            ValueError: Where a sum does not tell which of its inputs is the
                branch, or a branch holds another.
        """
        found, seen = [], set()
        for call in self.calls:
            if not _is_sum(call) or len(call.inputs) < 2:
                continue
            for branch in self._branches_at(call, model_name):
                inner = [id(one) for one in branch.calls]
                if seen.intersection(inner):
                    raise bad_value(
                        "model",
                        model_name,
                        "a model whose residual branches lie behind one "
                        "another; the one that ends at "
                        f"{call.operation.name!r} holds another",
                    )
                seen.update(inner)
                found.append(branch)
        return found

    def heads(self, branches):
        """Returns the calls of the linear layers that make the outputs.

        Those between an output and the last residual sum.
        """
        joins = {id(one.join) for one in branches}
        heads, seen, front = [], set(), list(self._outputs)
        while front:
            place = self._maker.get(id(front.pop()))
            if place is None or place in seen or id(self.calls[place]) in joins:
                continue
            seen.add(place)
            if is_linear(self.calls[place].operation):
                heads.append(self.calls[place])
            else:
                front += self.calls[place].inputs
        return heads

    def others_with_weights(self, branch_join):
        """Returns the calls on a sum's branches whose layers have weights."""
        common, parts = self._fork(branch_join)
        places = {p for part in parts for p in self._places(part, common)}
        return [
            self.calls[place]
            for place in sorted(places)
            if getattr(self.calls[place].operation, "weights", ())
        ]

    def is_passed_by(self, call, branch):
        """Whether values reach a branch's sum on a way around `call`."""
        common, parts = self._fork(branch.join)
        avoided = self.calls.index(call)
        part = next(one for one in parts if one >> avoided & 1)
        tensor = branch.join.inputs[parts.index(part)]
        front, seen = [tensor], {avoided}
        while front:
            tensor = front.pop()
            place = self._maker.get(id(tensor))
            bit = (
                self._inputs.get(id(tensor), 0) if place is None else 1 << place
            )
            if bit & common:
                return True
            if place is not None and place not in seen:
                seen.add(place)
                front += self.calls[place].inputs
        return False

    def _branches_at(self, join, model_name):
        common, parts = self._fork(join)
        if not common:
            return []
        linear = [
            [
                self.calls[place]
                for place in self._places(part, common)
                if is_linear(self.calls[place].operation)
            ]
            for part in parts
        ]
        fewest = min(map(len, linear))
        found = [Branch(join, one) for one in linear if len(one) > fewest]
        if not found and fewest:
            raise bad_value(
                "model",
                model_name,
                "a model whose sums tell the branch from the skip connection, "
                "which has fewer layers with kernels; at "
                f"{join.operation.name!r} each input has {fewest}",
                "Initialise such a model layer by layer, or by "
                "`initializers.lsuv`.",
            )
        return found

    def _fork(self, join):
        parts = [self._up_to(tensor) for tensor in join.inputs]
        common = parts[0]
        for one in parts[1:]:
            common &= one
        return common, [one & ~common for one in parts]

    def _places(self, part, common):
        """The calls of a part that depend on what is common."""
        return [
            place
            for place in range(len(self.calls))
            if part >> place & 1 and self._behind[place] & common
        ]

    def _up_to(self, tensor):
        place = self._maker.get(id(tensor))
        if place is not None:
            return self._behind[place]
        bit = 1 << (len(self.calls) + len(self._inputs))
        return self._inputs.setdefault(id(tensor), bit)


def _is_sum(call):
    own = isinstance(call.operation, keras.layers.Add)
    return own or type(call.operation).__name__ == "Add"

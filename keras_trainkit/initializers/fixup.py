"""Fixup: residual networks that train without normalisation."""

import dataclasses
from functools import partial

import keras
import numpy as np

from keras_trainkit.backend.model.layers import is_built
from keras_trainkit.initializers.linear_layers import drawn_kernels
from keras_trainkit.initializers.linear_layers import is_linear
from keras_trainkit.initializers.linear_layers import linear_kernels
from keras_trainkit.initializers.new_values import write_first_values
from keras_trainkit.initializers.residual_branches import CallGraph
from keras_trainkit.initializers.scaled import as_initializer
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.initial_scale import fixup_factor
from keras_trainkit.models.kinds import core_of
from keras_trainkit.models.kinds import kind_of
from keras_trainkit.models.layer_tree import LayerTree
from keras_trainkit.models.traced_calls import traced_calls


@dataclasses.dataclass(frozen=True)
class FixupBranch:
    """What `fixup` has made of a residual branch.

    Attributes:
        join: Name of the sum that it ends in.
        layers: Paths of its layers with kernels, in order; the last is zero.
        factor: What the others are multiplied by.
    """

    join: str
    layers: list
    factor: float


@dataclasses.dataclass(frozen=True)
class Fixup:
    """What `fixup` has done.

    Attributes:
        branches: List of `FixupBranch`es in the order of the forward pass.
        heads: Paths of the output layers, which are zero.
        others: Paths of the layers outside of branches, drawn and not scaled.
        left: Paths of frozen layers outside of branches, not touched.
    """

    branches: list
    heads: list
    others: list
    left: list


def fixup(model, initializer="he_normal"):
    """Initialises a residual network so that it trains without normalisation.

    In a residual network the variance of the signal, and the size of an
    update's effect, grow with every branch that is added; normalisation hides
    that. Fixup removes it at the start. With `L` residual branches, of which
    one has `m` layers with kernels:

    ```
    last layer of each branch, output layers:   kernel = 0
    other layers of a branch:                   kernel = L^(-1 / (2m - 2)) draw
    all other layers:                           kernel = draw
    ```

    and all their biases are 0. The branches are found in the graph: at each
    sum (`keras.layers.Add`, `+`) whose inputs have an ancestor in common, the
    input with the fewest layers with kernels is the skip connection, as is a
    projection beside a branch of two or more. Kernels are drawn anew, so
    calling it twice is the same as once.

    The authors also put a scalar bias before each layer and activation of a
    branch, and a scalar multiplier at its end. These are layers: build the
    model with `layers.ScalarAffine`, as below, for the full method. They
    report that its first two rules make training stable and that these
    numbers bring it level with normalised networks. Layers whose weights are
    all scalars are left as they are.

    Args:
        model: A built `keras.Model` without normalisation layers, functional
            or of any kind whose calls can be traced.
        initializer: A `keras.Initializer` or a name: what kernels are drawn
            by, with their true fans. Defaults to `"he_normal"`.

    Returns:
        A `Fixup`: `.branches`, `.heads`, `.others`, `.left`.

    Raises:
        ValueError: If the model has no residual branch, or has normalisation
            layers; if a branch is no plain chain of dense, convolutional and
            weightless layers, lies in another, or is frozen; if the model is
            not built or cannot be traced. The model is as it was.
        TypeError: For arguments of another type.

    Example:

    >>> affine = ktk.layers.ScalarAffine
    >>> x = inputs = keras.Input((8,))
    >>> for block in range(4):
    ...     h = keras.layers.Dense(8)(affine(multiplier=False)(x))
    ...     h = keras.layers.ReLU()(affine(multiplier=False)(h))
    ...     h = keras.layers.Dense(8, use_bias=False)(h)
    ...     x = keras.layers.Add()([x, affine()(h)])
    >>> model = keras.Model(inputs, keras.layers.Dense(2)(x))
    >>> found = ktk.initializers.fixup(model)
    >>> len(found.branches), found.branches[0].factor
    (4, 0.5)
    >>> float(np.abs(model.predict(np.ones((1, 8)), verbose=0)).max())
    0.0

    Reference:

    - [Zhang et al., 2019](https://arxiv.org/abs/1901.09321)
    """
    initializer = as_initializer("initializer", initializer)
    tree = LayerTree(model)
    _check_model(model, tree)
    graph = _graph(model, tree)
    branches = graph.branches(model.name)
    if not branches:
        raise _refused(
            model,
            "with a residual branch, that is a sum of what one layer returns "
            "and of what becomes of it",
        )
    for branch in branches:
        _check_branch(model, graph, branch)
    plan = _Plan(model, _copies_of(initializer))
    for branch in branches:
        plan.branch(branch, fixup_factor(len(branches), _depth(branch)))
    heads = graph.heads(branches)
    for call in heads:
        if not _trains(call.operation):
            raise _refused(
                model,
                f"whose output layers train; {call.operation.name!r} is "
                "frozen, quantised or has LoRA",
            )
        plan.layer(call.operation, 1.0, 0.0)
    inside = {id(c.operation) for branch in branches for c in branch.calls}
    inside |= {id(call.operation) for call in heads}
    rest = {
        id(call.operation): call.operation
        for call in graph.calls
        if is_linear(call.operation) and id(call.operation) not in inside
    }
    others = [one for one in rest.values() if _trains(one)]
    left = [one for one in rest.values() if not _trains(one)]
    for layer in others:
        plan.layer(layer, 1.0, 1.0)
    write_first_values(model, plan.pairs())
    return _report(tree, branches, heads, others, left)


class _Plan:
    """The new values of each layer, once."""

    def __init__(self, model, initializer):
        self._model, self._initializer = model, initializer
        self._factors, self._pairs = {}, []

    def branch(self, branch, factor):
        last = branch.calls[-1].operation
        for call in branch.calls[:-1]:
            self.layer(call.operation, factor, factor)
        self.layer(last, factor, 0.0)

    def layer(self, layer, factor, last):
        """Draws a layer's kernels times factors; its bias becomes 0.

        Args:
            layer: A linear layer.
            factor: That of all its kernels but the last.
            last: That of the last, which may be the only one.
        """
        kernels = linear_kernels(layer)
        factors = [factor] * (len(kernels) - 1) + [last]
        known = self._factors.setdefault(id(layer), factors)
        if known != factors:
            raise _refused(
                self._model,
                f"whose layers have one place each; {layer.name!r} is shared "
                "by places that differ in what becomes of its kernel",
            )
        if known is not factors:
            return
        values = drawn_kernels(layer, self._initializer)
        for kernel, value, factor in zip(kernels, values, factors, strict=True):
            self._pairs.append((kernel, value * np.float32(factor)))
        bias = getattr(core_of(layer), "bias", None)
        if isinstance(bias, keras.Variable):
            self._pairs.append((bias, np.zeros(bias.shape, "float32")))

    def pairs(self):
        return self._pairs


def _check_model(model, tree):
    if not is_built(model):
        raise _refused(
            model, "that is built, that is has its variables", "Call it first."
        )
    normal = [p for p, one in tree.below if kind_of(one) == "normalization"]
    if normal:
        raise _refused(
            model,
            f"without normalisation layers; it has {normal[0]!r}",
            "With normalisation there is no need for it.",
        )


def _graph(model, tree):
    traced = traced_calls(model, tree)
    if traced is None:
        raise _refused(
            model,
            "whose calls can be traced on symbolic tensors",
            "Write it with `keras.ops`, or as a functional model.",
        )
    calls, outputs, _ = traced
    return CallGraph(calls, outputs)


def _check_branch(model, graph, branch):
    join = branch.join.operation.name
    if not all(_trains(call.operation) for call in branch.calls):
        raise _refused(
            model,
            "whose residual branches train; a layer of the one that ends at "
            f"{join!r} is frozen, quantised or has LoRA",
        )
    for call in graph.others_with_weights(branch.join):
        layer = call.operation
        scalars = not any(tuple(one.shape) for one in layer.weights)
        usual = is_linear(layer) or kind_of(layer) == "activation"
        if not usual and not scalars:
            raise _refused(
                model,
                "whose residual branches are of dense, convolutional and "
                f"weightless layers; at {join!r} there is the "
                f"{type(layer).__name__} {layer.name!r}",
            )
    for call in branch.calls:
        if graph.is_passed_by(call, branch):
            raise _refused(
                model,
                "whose residual branches are plain chains; on the one that "
                f"ends at {join!r} there is a way around "
                f"{call.operation.name!r}",
            )


def _depth(branch):
    return sum(len(linear_kernels(call.operation)) for call in branch.calls)


def _trains(layer):
    kernels = linear_kernels(layer)
    return bool(kernels) and all(kernel.trainable for kernel in kernels)


def _copies_of(initializer):
    if isinstance(initializer, keras.Initializer):
        return initializer.clone
    return partial(_itself, initializer)


def _itself(initializer):
    return initializer


def _report(tree, branches, heads, others, left):
    paths = {}
    for path, layer in tree.below:
        paths.setdefault(id(layer), path)

    def names(layers):
        return [paths[id(layer)] for layer in layers]

    count = len(branches)
    return Fixup(
        [
            FixupBranch(
                one.join.operation.name,
                names(call.operation for call in one.calls),
                fixup_factor(count, _depth(one)),
            )
            for one in branches
        ],
        names(call.operation for call in heads),
        names(others),
        names(left),
    )


def _refused(model, expected, hint=""):
    return bad_value("model", model.name, f"a model {expected}", hint)

"""The kernels of a network: their size, and whether they were trained."""

import dataclasses
import math

import keras
import numpy as np

from keras_trainkit.backend.model.tensors import to_numpy
from keras_trainkit.constraints.kernel_slots import kernel_slots
from keras_trainkit.kernels import norms

# As many values tell the size of a kernel of any size.
_ENOUGH = 50_000
# `rms` of a kernel that was drawn is within this of its initializer's.
_CLOSE = 0.2
# He's is 2; Keras's own layers have up to 4.
_CUSTOMARY_SCALE = 4.0


@dataclasses.dataclass(eq=False)
class KernelFacts:
    """One kernel of a layer, as it is now.

    Attributes:
        path: Path of the layer.
        node: The `Node` of its first call, or `None` if none is known.
        layer: The layer that has it: a cell, a layer.
        name: Such as `"kernel"` or `"recurrent_kernel"`.
        shape: Tuple of integers.
        fan_in: How many weights lead into a unit.
        fan_out: How many weights lead out of an input.
        mean: Mean of its values.
        rms: Root mean square of its values.
        constant: The value that all elements have, or `None`.
        axes: The axes over which one unit's incoming weights lie.
        argument: The layer's argument that constrains it, such as
            `"kernel_constraint"`.
        initializer: The `keras.initializers.Initializer`, or `None`.
        constraint: The `keras.constraints.Constraint`, or `None`.
        regularizer: The `keras.regularizers.Regularizer`, or `None`.
        untrained: Whether it is as it was initialised, as far as can be told.
    """

    path: str
    node: object
    layer: object
    name: str
    shape: tuple
    fan_in: int
    fan_out: int
    mean: float
    rms: float
    constant: float | None
    axes: tuple
    argument: str
    initializer: object
    constraint: object
    regularizer: object
    untrained: bool

    @property
    def gain_in(self):
        """Size of what a unit gets, for inputs of size 1 and mean 0."""
        return self.rms * math.sqrt(self.fan_in)

    @property
    def gain_out(self):
        """Size of the gradient for an input, for gradients of size 1."""
        return self.rms * math.sqrt(self.fan_out)

    @property
    def trained_bias(self):
        """Whether beside it is a bias that only training can have made."""
        bias = getattr(self.layer, "bias", None)
        return isinstance(bias, keras.Variable) and not self.untrained

    @property
    def is_scaled(self):
        """Whether it was drawn by an initializer that looks at its shape.

        Also one for the number of outputs, as in EfficientNet, where few
        outputs of many inputs are wide on purpose.
        """
        scaling = keras.initializers.VarianceScaling
        if not isinstance(self.initializer, scaling):
            return False
        expected = initial_rms(self.initializer, self.shape)
        close = abs(self.rms - expected) <= _CLOSE * expected
        return close and self.initializer.scale <= _CUSTOMARY_SCALE

    @property
    def initializer_name(self):
        """Name of the initializer's class, such as `"GlorotUniform"`."""
        return type(self.initializer).__name__


def kernels_of(network):
    """Returns the `KernelFacts` of a network's kernels, in its order.

    Left out are attention's projections, and kernels that training does not
    move by themselves (LoRA, quantised).

    Args:
        network: A `Network`.
    """
    nodes = _nodes_by_layer(network)
    trained = any(_has_trained_vectors(layer) for _, layer in network.layers)
    found = []
    for slot in kernel_slots(network.tree):
        if slot.layout == "attention" or not slot.is_trained():
            continue
        layer, _ = slot.holders[0]
        variables = [w for w in layer.weights if w.name == slot.name]
        if len(variables) == 1:
            node = nodes.get(id(layer))
            found.append(_facts(slot, variables[0], node, trained))
    order = {id(node): place for place, node in enumerate(network.nodes)}
    return sorted(found, key=lambda one: order.get(id(one.node), len(order)))


def _nodes_by_layer(network):
    nodes = {}
    for node in network.nodes:
        if not isinstance(node.layer, keras.Layer):
            continue
        for layer in _inside(node.core):
            nodes.setdefault(id(layer), node)
    return nodes


def _inside(layer):
    """Returns a layer and what it leaves its work to."""
    parts = [layer]
    if isinstance(layer, keras.layers.Bidirectional):
        parts += [layer.forward_layer, layer.backward_layer]
    return parts + [part.cell for part in parts if hasattr(part, "cell")]


def _facts(slot, variable, node, trained):
    layer, constraint = slot.holders[0]
    shape = tuple(variable.shape)
    axes = _incoming(slot.layout, len(shape))
    fan_in = _product(shape, axes)
    beside = {
        kind: getattr(layer, constraint.replace("constraint", kind), None)
        for kind in ("initializer", "constraint", "regularizer")
    }
    values = _values(variable)
    constant = float(values.flat[0]) if values.size else None
    if values.size and (values != values.flat[0]).any():
        constant = None
    facts = KernelFacts(
        path=slot.path.rsplit("/", 1)[0] if node is None else node.path,
        node=node,
        layer=layer,
        name=slot.name,
        shape=shape,
        fan_in=max(1, fan_in // _strides(layer, slot.layout)),
        fan_out=max(1, _fan_out(slot.layout, shape) // _skipped(layer)),
        mean=float(values.mean()) if values.size else 0.0,
        rms=math.sqrt(float((values**2).mean())) if values.size else 0.0,
        constant=constant,
        axes=tuple(axes),
        argument=constraint,
        **beside,
        untrained=False,
    )
    facts.untrained = _is_untrained(facts, trained)
    return facts


def _values(variable):
    flat = to_numpy(variable).reshape(-1)
    return flat[:: max(1, flat.size // _ENOUGH)].astype("float64")


def _incoming(layout, rank):
    if isinstance(layout, str):
        return norms.incoming_axes(layout, rank)
    return layout


def _fan_out(layout, shape):
    """All axes but that of the inputs."""
    if layout == "depthwise":
        return _product(shape, (*range(len(shape) - 2), len(shape) - 1))
    if layout == "transposed":
        return _product(shape, range(len(shape) - 1))
    if layout == "standard":
        return _product(shape, (*range(len(shape) - 2), len(shape) - 1))
    return _product(shape, set(range(len(shape))) - set(layout))


def _product(shape, axes):
    return math.prod(shape[axis] for axis in axes)


def _strides(layer, layout):
    """Of a transposed kernel each output reads one place in so many."""
    return _skipped(layer) if layout == "transposed" else 1


def _skipped(layer):
    strides = getattr(layer, "strides", 1)
    return math.prod(strides) if isinstance(strides, (tuple, list)) else strides


def _is_untrained(facts, trained):
    """A bias that was trained has values of its own, one that was not has none.

    Ones are the forget gates' of an LSTM.
    """
    bias = getattr(facts.layer, "bias", None)
    if isinstance(bias, keras.Variable):
        return _is_plain(to_numpy(bias))
    if trained:
        return False
    expected = initial_rms(facts.initializer, facts.shape)
    if expected is None:
        return facts.constant is not None
    return abs(facts.rms - expected) <= _CLOSE * expected


def _is_plain(bias):
    equal = bias.size > 1 and (bias == bias.flat[0]).all()
    return bool(equal or np.isin(bias, (0, 1)).all())


def _has_trained_vectors(layer):
    names = ("bias", "beta", "moving_mean")
    vectors = [getattr(layer, name, None) for name in names]
    return any(
        isinstance(one, keras.Variable) and not _is_plain(to_numpy(one))
        for one in vectors
    )


def initial_rms(initializer, shape):
    """Returns the root mean square that an initializer draws with, or `None`.

    Args:
        initializer: A `keras.initializers.Initializer`.
        shape: Shape of the kernel.
    """
    kinds = keras.initializers
    if isinstance(initializer, kinds.VarianceScaling):
        receptive = math.prod(shape[:-2])
        fans = {"fan_in": shape[-2], "fan_out": shape[-1]}
        fans["fan_avg"] = sum(fans.values()) / 2
        fan = max(1.0, receptive * fans[initializer.mode])
        return math.sqrt(initializer.scale / fan)
    if isinstance(initializer, kinds.Orthogonal):
        return initializer.gain / math.sqrt(
            max(math.prod(shape[:-1]), shape[-1])
        )
    if isinstance(initializer, kinds.TruncatedNormal):
        # A normal cut at two standard deviations keeps 0.88 of its own.
        return math.hypot(initializer.mean, 0.87962566 * initializer.stddev)
    if isinstance(initializer, kinds.RandomNormal):
        return math.hypot(initializer.mean, initializer.stddev)
    if isinstance(initializer, kinds.RandomUniform):
        low, high = initializer.minval, initializer.maxval
        return math.sqrt((low * low + low * high + high * high) / 3)
    return None

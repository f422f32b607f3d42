"""Where each layer of Keras keeps its kernels and their constraints."""

import dataclasses

from keras import layers

from keras_trainkit.backend.model.attention import constraint_attribute
from keras_trainkit.kernels import norms

_RECURRENT = (
    ("kernel", "kernel_constraint", "standard"),
    ("recurrent_kernel", "recurrent_constraint", "standard"),
)

# Kinds of layer: (variable, attribute of its constraint, layout).
_KINDS = (
    (
        (layers.Dense, layers.Conv1D, layers.Conv2D, layers.Conv3D),
        (("kernel", "kernel_constraint", "standard"),),
    ),
    (
        (
            layers.Conv1DTranspose,
            layers.Conv2DTranspose,
            layers.Conv3DTranspose,
        ),
        (("kernel", "kernel_constraint", "transposed"),),
    ),
    (
        (layers.DepthwiseConv1D, layers.DepthwiseConv2D),
        (("kernel", "depthwise_constraint", "depthwise"),),
    ),
    (
        (layers.SeparableConv1D, layers.SeparableConv2D),
        (
            ("depthwise_kernel", "depthwise_constraint", "depthwise"),
            ("pointwise_kernel", "pointwise_constraint", "standard"),
        ),
    ),
    ((layers.SimpleRNNCell, layers.LSTMCell, layers.GRUCell), _RECURRENT),
)
_ATTENTION = (layers.MultiHeadAttention, layers.GroupQueryAttention)

# Their own `kernel_constraint` is a read-only view of their cell's.
_CELL_HOLDERS = (
    layers.SimpleRNN,
    layers.LSTM,
    layers.GRU,
    layers.ConvLSTM1D,
    layers.ConvLSTM2D,
    layers.ConvLSTM3D,
)

# Quantised kernels are not trained, except in this mode.
_TRAINED_MODES = (None, "float8")


@dataclasses.dataclass
class KernelSlot:
    """One kernel of a layer, or all projections of an attention layer.

    Attributes:
        path: The layer's path, then the variable's name.
        name: The variable's name.
        layout: As `IncomingMaxNorm(kernel=...)` takes it.
        holders: `(layer, attribute)` pairs that keep its constraint. The
            projections of an attention layer come behind the layer itself.
    """

    path: str
    name: str
    layout: str | tuple
    holders: list

    @property
    def parts(self):
        """The layers that have the kernels: a cell, a layer, projections."""
        layers_of_it = [layer for layer, _ in self.holders]
        return layers_of_it[1:] or layers_of_it

    def is_trained(self):
        """Whether training moves the kernel itself: not with LoRA, int8."""
        return all(
            not getattr(layer, "lora_rank", None)
            and layer.quantization_mode in _TRAINED_MODES
            for layer, _ in self.holders
        )

    def set(self, constraint):
        """Puts `constraint` on the variable and into the configuration."""
        for layer, attribute in self.holders:
            setattr(layer, attribute, constraint)
            for weight in layer.weights:
                if weight.name == self.name:
                    weight.constraint = constraint


def kernel_slots(tree):
    """Returns the kernels of a model, each once, in the order of its layers.

    Covered are Keras's layers whose units have incoming weights, and their
    subclasses. The projections of an attention layer are one slot, since its
    configuration has one constraint for all of them; so is each kernel of a
    recurrent layer, which keeps it in its cell.

    Args:
        tree: The `LayerTree` of a model, built or not.

    Returns:
        A list of `KernelSlot`.
    """
    slots, seen, projections = [], set(), {}
    for path, layer in tree.below:
        if id(layer) in seen:
            continue
        holder = layer.cell if isinstance(layer, _CELL_HOLDERS) else layer
        seen.update((id(layer), id(holder)))
        whole = _attention_around(layer, projections)
        if whole is not None:
            whole.holders.append((layer, "kernel_constraint"))
            continue
        found = [
            KernelSlot(f"{path}/{name}", name, layout, [(holder, attribute)])
            for name, attribute, layout in _kernels_of(layer)
        ]
        if isinstance(layer, _ATTENTION):
            projections.update((id(w), found[0]) for w in layer.weights)
        slots += found
    return slots


def _kernels_of(layer):
    if isinstance(layer, layers.EinsumDense):
        axes = norms.einsum_axes(layer.equation)
        return (("kernel", "kernel_constraint", axes),)
    if isinstance(layer, _CELL_HOLDERS):
        return _RECURRENT
    if isinstance(layer, _ATTENTION):
        return (("kernel", constraint_attribute(layer), "attention"),)
    return next(
        (kernels for kind, kernels in _KINDS if isinstance(layer, kind)), ()
    )


def _attention_around(layer, projections):
    if isinstance(layer, layers.EinsumDense) and layer.weights:
        return projections.get(id(layer.weights[0]))
    return None

"""Which weights of a model can be pruned, in which structure."""

import dataclasses

import keras

from keras_trainkit.backend.model.built import require_weights
from keras_trainkit.backend.model.flagged_variables import flagged_variables
from keras_trainkit.backend.model.tensors import is_float
from keras_trainkit.compression.normalized_units import normalizations_of
from keras_trainkit.compression.output_layers import output_layers
from keras_trainkit.constraints.kernel_slots import kernel_slots
from keras_trainkit.kernels import norms
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.models.kinds import WITH_UNITS
from keras_trainkit.models.kinds import kind_of
from keras_trainkit.models.layer_tree import LayerTree
from keras_trainkit.models.selection import selected

STRUCTURES = (None, "global", "2:4", "filters")
_NOT_PRUNED = ("activation", "embedding", "normalization", "preprocessing")
_TRAINED_MODES = (None, "float8")


@dataclasses.dataclass(eq=False)
class PrunableKernel:
    """A weight that is pruned, and what goes with it.

    Attributes:
        path: The layer's path, a slash, the variable's name.
        variable: The `keras.Variable`.
        incoming: Tuple of the axes along which a unit's weights lie, or
            `None` where no structure needs them.
        biases: List of variables with one element for each unit, which are
            pruned with whole units: the bias, and of batch normalisation of
            these units gamma and beta.
    """

    path: str
    variable: keras.Variable
    incoming: tuple | None = None
    biases: list = dataclasses.field(default_factory=list)


def prunable_kernels(model, structure, exclude):
    """Returns the kernels of a model that a structure prunes.

    Args:
        model: A built `keras.Model`.
        structure: One of `STRUCTURES`.
        exclude: Selection of layers that are left alone, or `None`.

    Returns:
        List of `PrunableKernel`s in the order of the layers, at least one.

    Raises:
        ValueError: For a model that is not built; where a layer uses LoRA or
            is quantised; where the structure does not fit a layer; where
            nothing is left.
        TypeError: For what is no model or no selection.
    """
    require_weights(model)
    tree = LayerTree(model)
    left = excluded_layers(tree, exclude)
    layers = [
        (path, layer)
        for path, layer in [(model.name, model), *tree.below]
        if id(layer) not in left
    ]
    _require_own_kernels(layers)
    found = _found(tree, layers)
    if structure == "2:4":
        found = _in_fours(tree, found)
    elif structure == "filters":
        found = _with_units(tree, layers, found)
    if not found:
        raise bad_value(
            "exclude",
            exclude,
            "a selection that leaves a kernel to prune",
            f"The model {model.name!r} has no other for structure="
            f"{structure!r}.",
        )
    return found


def excluded_layers(tree, exclude):
    """Returns the ids of the layers that are left alone, parts included.

    Args:
        tree: The `LayerTree` of a model.
        exclude: Selection of layers, or `None`.
    """
    excluded = set()
    for layer in () if exclude is None else selected(tree, exclude, "exclude"):
        excluded.add(id(layer))
        if not isinstance(layer, keras.Model):
            excluded.update(map(id, tree.inside(layer)))
    return excluded


def _require_own_kernels(layers):
    other = [
        path
        for path, layer in layers
        if getattr(layer, "lora_rank", None)
        or getattr(layer, "quantization_mode", None) not in _TRAINED_MODES
    ]
    if other:
        raise bad_value(
            "model",
            other,
            "without LoRA and quantisation in the layers that are pruned: "
            "they compute with other kernels",
            "Prune first, then quantise; or name these layers in `exclude`.",
        )


def _found(tree, layers):
    """Returns every kernel once: what shares a variable shares its mask."""
    found = {}
    for path, layer in layers:
        if kind_of(layer) in _NOT_PRUNED or _embeds(layer):
            continue
        made_to_train = {id(v) for v in flagged_variables(layer)}
        for weight in tree.own_weights(layer):
            if id(weight) in made_to_train and _is_kernel(weight):
                kernel = PrunableKernel(f"{path}/{weight.name}", weight)
                found.setdefault(id(weight), kernel)
    return list(found.values())


def _embeds(layer):
    # KerasHub has embeddings of other classes, such as `PositionEmbedding`.
    return "embedding" in type(layer).__name__.lower()


def _is_kernel(weight):
    return (
        len(weight.shape) > 1
        and 0 not in weight.shape
        and is_float(weight)
        and "bias" not in weight.name
    )


def _in_fours(tree, kernels):
    layouts = _layouts(tree)
    unknown, odd = [], []
    for kernel in kernels:
        kernel.incoming = layouts.get(id(kernel.variable))
        if not kernel.incoming:
            unknown.append(kernel.path)
        elif kernel.variable.shape[kernel.incoming[-1]] % 4:
            odd.append((kernel.path, tuple(kernel.variable.shape)))
    if unknown or odd:
        layers = [path.rsplit("/", 1)[0] for path in unknown]
        layers += [path.rsplit("/", 1)[0] for path, _ in odd]
        raise bad_value(
            "structure",
            "2:4",
            "one that fits every kernel: a matrix product over an input axis "
            f"whose size is divisible by 4, unlike in {odd or unknown}",
            f"Leave these layers out: exclude={list(dict.fromkeys(layers))}.",
        )
    return kernels


def _with_units(tree, layers, kernels):
    layouts, outputs = _layouts(tree), output_layers(tree)
    normalized = normalizations_of(tree.model)
    chosen = []
    chosen_from = {id(layer) for _, layer in layers}
    owners = {id(w): one for _, one in layers for w in tree.own_weights(one)}
    for kernel in kernels:
        layer = owners[id(kernel.variable)]
        incoming = layouts.get(id(kernel.variable))
        whole = isinstance(layer, WITH_UNITS) and id(layer) not in outputs
        depthwise = kernel.variable.name == "depthwise_kernel"
        if whole and incoming and not depthwise:
            kernel.incoming = incoming
            behind = normalized.get(id(layer), ())
            behind = [one for one in behind if id(one) in chosen_from]
            kernel.biases = _of_units(kernel, [layer, *behind])
            chosen.append(kernel)
    return chosen


def _of_units(kernel, layers):
    shape = kernel.variable.shape
    units = [n for i, n in enumerate(shape) if i not in kernel.incoming]
    held = [
        getattr(layer, name, None)
        for layer in layers
        for name in ("bias", "gamma", "beta")
    ]
    return [v for v in held if v is not None and list(v.shape) == units]


def _layouts(tree):
    """Returns `{id(variable): incoming axes}` of the kernels of Keras's layers.

    Of a kernel that belongs to no matrix product, as a depthwise one, they
    are `()`.
    """
    found = {}
    for slot in kernel_slots(tree):
        for layer in slot.parts:
            for weight in layer.weights:
                if weight.name == slot.name:
                    found[id(weight)] = _incoming(layer, weight, slot.layout)
    return found


def _incoming(layer, weight, layout):
    if isinstance(layer, keras.layers.EinsumDense):
        return norms.einsum_axes(layer.equation)
    if layout == "depthwise":
        return ()
    return norms.incoming_axes(layout, len(weight.shape))

"""A model as two models over the same layers."""

import keras

from keras_trainkit.backend.model.graph_nodes import maker_of
from keras_trainkit.backend.model.graph_nodes import nodes_of
from keras_trainkit.backend.model.graph_nodes import symbolic_mask
from keras_trainkit.backend.training.compile_copies import compile_like
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.models.graph import graph_of
from keras_trainkit.transfer.frozen_trunk.border import Border


def split(model, at=None):
    """Returns a trunk and a head, two models over the layers of one.

    What is frozen gives the same features in every epoch. So compute them
    once, and train the head on them:

    `head.fit(trunk.predict(x), y)`

    trains `model`'s own head: layers, variables and flags are shared, and
    `model(x)` is `head(trunk(x))`. `transfer.fine_tune` does this by itself
    where it can, and sees to what happens at the border in training mode;
    by hand, mind that `predict` runs the trunk in inference mode. A layer of
    the trunk that draws or keeps statistics (augmentation) does so no longer.

    Args:
        model: A Sequential or functional model that has been built.
        at: Where the head begins: a shell pattern, or several, on the layer
            path (`models.layer_paths`), also of a layer without weights; an
            int, the last n layers with weights; a callable `layer -> bool`, or
            another selection that `models.select` takes. What depends on
            these layers belongs to the head. Defaults to `None`: the border
            of what is frozen, that is the last point before the first
            trainable layer; dropout right before it goes with the head.

    Returns:
        Tuple `(trunk, head)` of functional models. The trunk has the inputs
        of `model` and as many outputs as tensors cross, several as a list,
        which `head` takes. The outputs of the head have the names of
        `model`'s. If `model` is compiled, so is the head, with the same loss
        and metrics and a new optimizer of the same settings (also the rates
        of `optimizers.LayerwiseLearningRate` and what weight decay leaves
        alone) and with empty slots: the state of `model`'s own belongs to
        `model`'s set of variables. `model` stays as it is.

    Raises:
        TypeError: If `model` is subclassed or has not been built, or `at` is
            no selection.
        ValueError: If `at` matches nothing, if nothing is frozen or nothing
            trains where it is `None`, if no layer is left for one of the two,
            if a tensor that crosses carries a mask, which arrays do not, or
            if `model` is compiled with a metric that its `get_config` does
            not make anew, or with a `MultiOptimizer`.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((4,)),
    ...         keras.layers.Dense(3, name="reused"),
    ...         keras.layers.Dense(1, name="head"),
    ...     ]
    ... )
    >>> frozen = ktk.transfer.freeze(model, "reused")
    >>> trunk, head = ktk.transfer.split(model)
    >>> trunk.output_shape, head.layers[-1] is model.layers[-1]
    ((None, 3), True)
    """
    trunk, head = uncompiled_parts(model, at)
    if getattr(model, "compiled", False):
        shared = {id(v): (v, v) for v in model.variables}
        compile_like(head, model, shared)
    return trunk, head


def uncompiled_parts(model, at=None):
    """Returns trunk and head, not compiled."""
    border = Border(model, at)
    trunk = _trunk(model, border)
    return trunk, _head(model, border, trunk)


def _trunk(model, border):
    graph = graph_of(model)
    tensors = _tensors_of(graph, border)
    for step in border.trunk:
        if not all(ref in tensors for ref in step.outputs):
            _call(step, tensors)
    _refuse_masks(border, tensors)
    outputs = [tensors[ref] for ref in border.crossing]
    return keras.Model(
        graph.input, _one_or_all(outputs), name=f"trunk_of_{model.name}"
    )


def _head(model, border, trunk):
    inputs = [
        keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype)
        for tensor in trunk.outputs
    ]
    tensors = dict(zip(border.crossing, inputs, strict=True))
    for step in border.head:
        _call(step, tensors)
    names = graph_of(model).output_names
    _name_outputs(
        dict(zip(border.outputs, names, strict=True)), border, tensors
    )
    outputs = keras.tree.map_structure(tensors.get, border.structure)
    head = keras.Model(
        _one_or_all(inputs), outputs, name=f"head_of_{model.name}"
    )
    # Where several outputs are of one layer, no layers could have the names.
    head.output_names = list(names)
    return head


def _name_outputs(names, border, tensors):
    """Puts a layer of the wanted name behind what has another one."""
    taken = {step.operation.name for step in border.head if step.operation}
    for ref, name in names.items():
        # Keras 3.13 takes no input for an output.
        crosses = ref in border.crossing
        if crosses or maker_of(tensors[ref]).name != name:
            tensors[ref] = keras.layers.Identity(
                # A global policy of half precision would round.
                dtype=tensors[ref].dtype,
                name=None if name in taken else name,
            )(tensors[ref])
            taken.add(name)


def _tensors_of(graph, border):
    """Returns the tensors of `graph` itself, not of models in it."""
    made = [tensor for node in nodes_of(graph) for tensor in node.outputs]
    own = {id(tensor) for tensor in [*graph.inputs, *made]}
    return {ref: one for ref, one in border.specs.items() if id(one) in own}


def _call(step, tensors):
    # What is read for its mask alone need not be there.
    results = step.call([tensors.get(ref) for ref in step.inputs])
    tensors.update(zip(step.outputs, results, strict=True))


def _one_or_all(tensors):
    return tensors[0] if len(tensors) == 1 else tensors


def _refuse_masks(border, tensors):
    for ref in [*border.crossing, *border.masks]:
        if symbolic_mask(tensors[ref]) is not None:
            raise bad_value(
                "at",
                border.at,
                "such that no tensor that leads to the head carries a mask",
                "An array of features has none. Let the head begin with the "
                f"layer that makes it, before {tensors[ref].name!r}.",
            )

"""A new head for a model that was trained on another task."""

import keras

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.models.copies import LayerCopies
from keras_trainkit.models.forward_order import is_graph
from keras_trainkit.models.graph import graph_layers
from keras_trainkit.models.graph import tensors_before
from keras_trainkit.models.paths import walk


def replace_head(model, head, drop=1, copy=True):
    """Returns a model that ends in `head` instead of its last layers.

    The first step of transfer learning: the layers that were trained are
    kept with their weights, statistics, trainable flags, dtypes and
    constraints, the last ones are replaced by layers for the new task. The
    new model is not compiled; `callbacks.FineTuning` trains the head first.

    Args:
        model: A Sequential or functional model with one output.
        head: A layer, a list of layers, or a model. It is used as it is, not
            copied.
        drop: How many layers to leave out at the end of `model.layers`
            (InputLayers are not counted), with the operations behind them.
            A nested model counts as one layer; to change the head inside of
            it, replace the nested model's. 0 adds `head` to the end.
            Defaults to 1.
        copy: If true, the kept layers are copies: training the new model
            leaves `model` as it is. If false, both models share them.
            Defaults to `True`.

    Returns:
        A `keras.Sequential` for a Sequential model, else a functional one,
        with the inputs and the name of `model`.

    Raises:
        TypeError: If `model` is subclassed, `head` is made of anything but
            layers, or `drop` is no integer.
        ValueError: If `drop` leaves no layer, or none of those with
            weights; if more than one tensor leads to the dropped layers; if
            `model` has several outputs; if a layer of `head` belongs to
            `model` or is named like a layer that is kept.

    Example:

    >>> trained = keras.Sequential(
    ...     [
    ...         keras.Input((4,)),
    ...         keras.layers.Dense(3, name="hidden"),
    ...         keras.layers.Dense(10, name="old"),
    ...     ]
    ... )
    >>> model = ktk.transfer.replace_head(
    ...     trained, keras.layers.Dense(2, name="new")
    ... )
    >>> [layer.name for layer in model.layers], model.output_shape
    (['hidden', 'new'], (None, 2))

    Reference:

    - [Yosinski et al., 2014](https://arxiv.org/abs/1411.1792)
    """
    head = list(head) if isinstance(head, (list, tuple)) else [head]
    _check_model(model)
    _check_drop(model, drop)
    _check_head(model, head, drop)
    if isinstance(model, keras.Sequential):
        return _sequential(model, head, drop, copy)
    return _functional(model, head, drop, copy)


def _sequential(model, head, drop, copy):
    copies = LayerCopies()
    kept = model.layers[: len(model.layers) - drop]
    layers = [copies(layer) for layer in kept] if copy else kept
    start = []
    if hasattr(model, "inputs"):  # else its shape is not known yet
        (tensor,) = model.inputs
        start = [keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype)]
    new = keras.Sequential([*start, *layers, *head], name=model.name)
    copies.carry_state()
    return new


def _functional(model, head, drop, copy):
    # A model over the same tensors: clone_model would compile the other anew.
    kept = keras.Model(model.input, _cut(model, drop), name=model.name)
    if copy:
        copies = LayerCopies()
        kept = keras.models.clone_model(kept, clone_function=copies)
        copies.carry_state()
    x = kept.outputs[0]
    for layer in head:
        x = layer(x)
    return keras.Model(kept.input, x, name=model.name)


def _cut(model, drop):
    """Returns the one tensor that leads to the last `drop` layers."""
    layers = graph_layers(model)
    dropped = layers[len(layers) - drop :]
    crossing = tensors_before(model, dropped)
    if len(crossing) != 1:
        raise bad_value(
            "drop",
            drop,
            "such that one tensor leads from the layers kept to the last ones",
            f"{len(crossing)} do before {dropped[0].name!r}. Drop fewer or "
            f"more of the last layers: {[one.name for one in layers[-10:]]}.",
        )
    return crossing[0]


def _check_model(model):
    graph = isinstance(model, keras.Model) and is_graph(model)
    if not graph:
        raise bad_type(
            "model",
            model,
            "a Sequential or functional model",
            "What a subclassed model calls is written in its `call`: assign "
            "a new layer to its attribute before it is built, or build a "
            "functional model from its parts.",
        )
    if not isinstance(model, keras.Sequential) and len(model.outputs) != 1:
        raise bad_value(
            "model",
            model,
            f"a model with one output, not {len(model.outputs)}",
            "Make one by `keras.Model(model.input, model.outputs[0])`.",
        )


def _check_drop(model, drop):
    layers = graph_layers(model)
    require_integer("drop", drop, least=0)
    if drop >= len(layers):
        raise bad_value(
            "drop", drop, f"less than {len(layers)}, the number of layers"
        )
    kept = layers[: len(layers) - drop]
    if model.weights and not any(layer.weights for layer in kept):
        raise bad_value(
            "drop",
            drop,
            "such that a layer with weights is kept",
            "A nested model counts as one layer; replace the head of "
            f"{layers[-1].name!r} if that is one.",
        )


def _check_head(model, head, drop):
    expected = "a layer, a list of layers, or a model"
    if not head or not all(isinstance(one, keras.Layer) for one in head):
        raise bad_type("head", head, expected)
    own = {id(model), *(id(layer) for _, layer in walk(model))}
    if any(id(layer) in own for layer in head):
        raise bad_value(
            "head", head, "made of layers that `model` does not hold"
        )
    layers = graph_layers(model)
    taken = [one.name for one in layers[: len(layers) - drop] + head]
    double = sorted({name for name in taken if taken.count(name) > 1})
    if double:
        raise bad_value(
            "head",
            [layer.name for layer in head],
            f"named unlike each other and the layers kept, not {double}",
            "Pass `name=` to the layers of the head.",
        )

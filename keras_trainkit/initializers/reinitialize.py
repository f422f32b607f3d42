"""Layers begin anew."""

import keras

from keras_trainkit.initializers.new_values import write_first_values
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.models.copies import LayerCopies
from keras_trainkit.models.kinds import kind_of
from keras_trainkit.models.layer_tree import LayerTree
from keras_trainkit.models.selection import selected

# Their values come from elsewhere, not from an initializer.
_LOADED = (keras.layers.TorchModuleWrapper, keras.layers.TFSMLayer)
_TRAINED_MODES = (None, "float8")


def reinitialize(model, selection):
    """Draws the weights of some layers anew, by their own initializers.

    For a second run from another start, for heads and last blocks of a
    pretrained model that should forget, and for tests of how much a layer
    matters. Keras drops an initializer once it has made a variable, so each
    layer is made once more of its configuration, built for the same shapes,
    and its values are taken over: kernels, biases, embeddings, and whatever
    a layer of one's own draws in `build`. Moving statistics of a
    normalisation begin anew, too. Seeded initializers draw what they drew
    before; all others follow `keras.utils.set_random_seed`.

    Flags, constraints, random states and the states of stateful recurrent
    layers stay as they are. A built optimizer forgets what it remembers of
    the variables that are drawn (momentum, second moments, averages); its
    counter of updates goes on, so that a corrected optimizer such as Adam
    takes larger steps at first: compile again for a wholly new start.

    Args:
        model: A built `keras.Model`, compiled or not.
        selection: Which layers: `"all"`, an integer for the last ones, shell
            patterns, `models.groups(n)` or a callable, as for
            `models.select`. Frozen layers are meant, too. Preprocessing
            layers keep what they have adapted to, and what is not built yet
            is left to its first call.

    Returns:
        List of the paths of the layers that have begun anew.

    Raises:
        ValueError: If a layer has no initial values of its own: it cannot be
            made of its configuration, is quantised, or holds a torch module
            or a loaded artifact; or if none is built. Nothing is changed
            then.
        TypeError: If `selection` is no selection.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((2,)),
    ...         keras.layers.Dense(2, name="hidden"),
    ...         keras.layers.Dense(1, kernel_initializer="ones", name="head"),
    ...     ]
    ... )
    >>> model.set_weights([np.full(w.shape, 5.0) for w in model.weights])
    >>> ktk.initializers.reinitialize(model, "head")
    ['head']
    >>> [w.tolist() for w in model.get_weights()]
    [[[5.0, 5.0], [5.0, 5.0]], [5.0, 5.0], [[1.0], [1.0]], [0.0]]
    """
    tree = LayerTree(model)
    layers = [
        layer
        for layer in selected(tree, selection)
        if layer.built and kind_of(layer) != "preprocessing"
    ]
    if not layers:
        raise bad_value(
            "selection",
            selection,
            "a selection with a layer that is built and initialised",
            "A model is built by a call on a batch of data; preprocessing "
            "layers are adapted to data.",
        )
    drawn = {}
    for layer in layers:
        _check(tree, layer)
        drawn |= _drawn(tree, layer, drawn)
    write_first_values(model, list(drawn.values()))
    meant = {id(layer) for layer in layers}
    found = {id(one): path for path, one in tree.named if id(one) in meant}
    return [found[id(layer)] for layer in layers]


def _check(tree, layer):
    for one in [layer, *tree.inside(layer)]:
        reason = _has_no_start(one)
        if reason is not None:
            raise bad_value(
                "selection",
                layer.name,
                "a selection of layers that an initializer gives their first "
                f"values, and the {type(one).__name__} {one.name!r} {reason}",
                "Select other layers.",
            )


def _has_no_start(layer):
    if isinstance(layer, _LOADED):
        return "holds what was made elsewhere"
    if layer.quantization_mode not in _TRAINED_MODES:
        return "is quantised"
    return None


def _drawn(tree, layer, before):
    """Returns `{id(variable): (variable, new values)}` of a layer."""
    wanted = {id(one) for one in tree.held_weights(layer)} - set(before)
    fresh = LayerCopies()
    fresh(layer)
    fresh.build()
    return {
        place: (variable, keras.ops.convert_to_numpy(copy).copy())
        for place, (variable, copy) in fresh.variables.items()
        if place in wanted
    }

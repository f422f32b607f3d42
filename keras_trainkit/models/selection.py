"""From what a user writes to the layers that are meant."""

import fnmatch

import keras

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.models.last_layers import units
from keras_trainkit.models.owned import owns_weights
from keras_trainkit.models.paths import layer_paths
from keras_trainkit.models.paths import walk

SELECTION = (
    "'all', an int, a shell pattern, a list of patterns, or a callable "
    "`layer -> bool`"
)
LISTED = 30


def select(model, selection):
    """Returns the layers of `model` that a selection means.

    `FineTuning`, `freeze` and `unfreeze` all take selections; this shows
    what one of them stands for. See `layer_paths` for the names.

    Args:
        model: A `keras.Model`.
        selection: One of

            - `"all"`.
            - An int n, at least 1: the last n layers that own weights, in
              the order of the forward pass. Nested models are opened, a
              composite such as `MultiHeadAttention` or `Bidirectional`
              counts once, a normalisation layer goes with the layer with
              weights before it and is not counted.
            - A shell pattern (`fnmatch`), or a list of them, matched on the
              layer path; `*` crosses `/`. Exactly the layers whose path
              matches are meant; a pattern that names a nested model or a
              composite means everything below it. A layer inside a composite
              can be named as well (`"attention/query"`).
            - A callable `layer -> bool`. It is asked about every layer that
              owns weights, those inside a composite too.

    Returns:
        List of layers in forward order, each once; a composite that is
        selected whole stands for what it holds. A model in the list stands
        for the weights that it owns itself.

    Raises:
        ValueError: If the selection, or one of several patterns, matches
            nothing, if an int is out of range, or if an int is given and the
            forward order of a subclassed model is unknown.
        TypeError: If `selection` is none of the above.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((4,)),
    ...         keras.layers.Dense(3, name="hidden"),
    ...         keras.layers.BatchNormalization(name="norm"),
    ...         keras.layers.Dense(1, name="head"),
    ...     ]
    ... )
    >>> [layer.name for layer in ktk.models.select(model, 2)]
    ['hidden', 'norm', 'head']
    >>> [layer.name for layer in ktk.models.select(model, "h*")]
    ['hidden', 'head']
    """
    accepted = _meant(model, selection)
    if not accepted:
        raise _matches_nothing(model, selection)
    return accepted


def _meant(model, selection):
    if isinstance(selection, str) and selection == "all":
        return _accepted(model, lambda path, layer: True)
    if isinstance(selection, str):
        return _matching(model, [selection])
    if isinstance(selection, int) and not isinstance(selection, bool):
        return _last(model, selection)
    if _is_list_of_patterns(selection):
        return _matching(model, selection)
    if callable(selection) and not isinstance(selection, keras.Layer):
        return _accepted(model, lambda path, layer: selection(layer))
    raise bad_type("selection", selection, SELECTION)


def _last(model, n):
    if n < 1:
        raise bad_value("selection", n, "at least 1 where it is an int")
    groups = units(model)
    if n > len(groups):
        raise bad_value(
            "selection",
            n,
            f"at most {len(groups)}, the number of layers that own weights",
            _what_there_is(model),
        )
    wanted = {id(layer) for group in groups[-n:] for layer in group}
    return _accepted(model, lambda path, layer: id(layer) in wanted)


def _matching(model, patterns):
    for pattern in patterns:
        if not any(_matches(path, pattern) for path, _ in _candidates(model)):
            raise _matches_nothing(model, pattern)
    return _accepted(
        model, lambda path, layer: any(_matches(path, p) for p in patterns)
    )


def _matches(path, pattern):
    # What names a container names everything below it.
    names = path.split("/")
    chain = ["/".join(names[: n + 1]) for n in range(len(names))]
    return any(fnmatch.fnmatchcase(one, pattern) for one in chain)


def _accepted(model, accept):
    found = {
        id(layer): layer
        for path, layer in _candidates(model)
        if accept(path, layer)
    }
    inside = {
        id(part)
        for layer in found.values()
        if not isinstance(layer, keras.Model)
        for _, part in walk(layer)
    }
    return [layer for one, layer in found.items() if one not in inside]


def _candidates(model):
    everything = [(model.name, model), *walk(model)]
    return [(path, one) for path, one in everything if owns_weights(one)]


def _is_list_of_patterns(selection):
    return isinstance(selection, (list, tuple)) and all(
        isinstance(pattern, str) for pattern in selection
    )


def _matches_nothing(model, selection):
    return bad_value(
        "selection",
        selection,
        "a selection that matches a layer with weights",
        _what_there_is(model),
    )


def _what_there_is(model):
    paths = layer_paths(model)
    listed = ", ".join(paths[:LISTED])
    more = len(paths) - LISTED
    rest = f", ... and {more} more" if more > 0 else ""
    return f"There is: {listed}{rest}."

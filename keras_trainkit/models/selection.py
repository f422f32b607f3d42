"""From what a user writes to the layers that are meant."""

import fnmatch

import keras

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import is_integer
from keras_trainkit.models.groups import LastGroups
from keras_trainkit.models.last_layers import counted_groups
from keras_trainkit.models.layer_tree import LayerTree
from keras_trainkit.models.paths import paths_in

SELECTION = (
    "'all', an int, a shell pattern, a list, tuple or set of patterns, "
    "`models.groups(n)`, or a callable `layer -> bool`"
)
LISTED = 30


def select(model, selection):
    """Returns the layers of `model` that a selection means.

    `FineTuning`, `freeze`, `unfreeze` and `constrain` all take selections;
    this shows what one of them stands for. See `layer_paths` for the names.

    Args:
        model: A `keras.Model`.
        selection: One of

            - `"all"`.
            - An int n, at least 1: the last n layers that own weights, in
              the order of the forward pass. Nested models are opened, a
              composite such as `MultiHeadAttention` or `Bidirectional`
              counts once, a normalisation layer goes with the layer with
              weights before it and is not counted.
            - A shell pattern (`fnmatch`), or a list, tuple or set of them,
              matched on the layer path; `*` crosses `/`. Exactly the layers
              whose path matches are meant; a pattern that names a nested
              model or a composite means everything below it. A layer inside
              a composite can be named as well (`"attention/query"`).
            - `models.groups(n)`: the last n groups, as `layer_groups` shows
              them.
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
    return selected(LayerTree(model), selection)


def require_selection(name, selection):
    """Raises for what is no selection, whatever the model.

    Args:
        name: The argument's name.
        selection: As for `select`.
    """
    meant = (
        isinstance(selection, (str, LastGroups))
        or is_integer(selection)
        or _is_group_of_patterns(selection)
        or _is_rule(selection)
    )
    if not meant:
        raise bad_type(name, selection, SELECTION)


def selected(tree, selection, name="selection"):
    """Returns what `select` does, for a model that has been read.

    Args:
        tree: The model's `LayerTree`.
        selection: As for `select`.
        name: The argument that it came in, for errors.
    """
    accepted = _meant(tree, selection, name)
    if not accepted:
        raise _matches_nothing(tree, selection, name)
    return accepted


def _meant(tree, selection, name):
    if isinstance(selection, str) and selection == "all":
        return _accepted(tree, lambda path, layer: True)
    if isinstance(selection, str):
        return _matching(tree, [selection], name)
    if is_integer(selection):
        return _last(tree, int(selection), name)
    if isinstance(selection, LastGroups):
        return _without_parts(tree, selection.layers_in(tree, name))
    if _is_group_of_patterns(selection):
        return _matching(tree, selection, name)
    if isinstance(selection, type):
        # Called with a layer, the class of a layer may return another one.
        raise bad_type(
            name,
            selection,
            SELECTION,
            f"Pass `lambda layer: isinstance(layer, {selection.__name__})`.",
        )
    if _is_rule(selection):
        return _accepted(tree, lambda path, layer: selection(layer))
    raise bad_type(name, selection, SELECTION)


def _last(tree, n, name):
    if n < 1:
        raise bad_value(name, n, "at least 1 where it is an int")
    groups = counted_groups(tree)
    if n > len(groups):
        raise bad_value(
            name,
            n,
            f"at most {len(groups)}, the number of layers that own weights",
            _what_there_is(tree),
        )
    wanted = {id(layer) for group in groups[-n:] for layer in group}
    return _accepted(tree, lambda path, layer: id(layer) in wanted)


def _matching(tree, patterns, name):
    for pattern in patterns:
        if not any(_matches(path, pattern) for path, _ in tree.named):
            raise _matches_nothing(tree, pattern, name)
    return _accepted(
        tree, lambda path, layer: any(_matches(path, p) for p in patterns)
    )


def _matches(path, pattern):
    # What names a container names everything below it.
    names = path.split("/")
    chain = ["/".join(names[: n + 1]) for n in range(len(names))]
    return any(fnmatch.fnmatchcase(one, pattern) for one in chain)


def _accepted(tree, accept):
    found = {
        id(layer): layer for path, layer in tree.named if accept(path, layer)
    }
    return _without_parts(tree, found.values())


def _without_parts(tree, layers):
    inside = {
        id(part)
        for layer in layers
        if not isinstance(layer, keras.Model)
        for part in tree.inside(layer)
    }
    return [layer for layer in layers if id(layer) not in inside]


def _is_rule(selection):
    return callable(selection) and not isinstance(
        selection, (type, keras.Layer)
    )


def _is_group_of_patterns(selection):
    return isinstance(selection, (list, tuple, set, frozenset)) and all(
        isinstance(pattern, str) for pattern in selection
    )


def _matches_nothing(tree, selection, name):
    return bad_value(
        name,
        selection,
        "a selection that matches a layer with weights",
        _what_there_is(tree),
    )


def _what_there_is(tree):
    paths = paths_in(tree)
    listed = ", ".join(paths[:LISTED])
    more = len(paths) - LISTED
    rest = f", ... and {more} more" if more > 0 else ""
    return (
        f"There is: {listed}{rest}. Patterns are matched on these layer paths."
    )

"""Layer paths: the chain of layer names from the model down."""

from keras_trainkit.models.layer_tree import LayerTree


def layer_paths(model):
    """Lists the paths by which the layers of `model` can be selected.

    The path of a layer is the chain of layer names from the model down, such
    as `"backbone/block5_conv1"`; the name of `model` itself is no part of
    it. (Keras's `layer.path` leaves a nested functional model's name out.)
    Listed are the layers that own weights, in the order of the forward pass:

    - Nested models are opened.
    - A composite, that is a layer made of other layers such as
      `MultiHeadAttention` or `Bidirectional`, is listed once. Patterns may
      also name a layer inside it (`"attention/query"`).
    - A nested model with weights of its own (`add_weight`) is listed for
      these; `model` itself is then listed under its own name.
    - A layer that is reached on two paths is listed under each.

    The layers of a subclassed model are listed in the order of its attributes
    as long as its forward pass cannot be traced (it has not been built).

    Args:
        model: A `keras.Model`, built or not.

    Returns:
        List of strings.

    Example:

    >>> backbone = keras.Sequential(
    ...     [keras.Input((4,)), keras.layers.Dense(3, name="hidden")],
    ...     name="backbone",
    ... )
    >>> model = keras.Sequential(
    ...     [keras.Input((4,)), backbone, keras.layers.Dense(1, name="head")]
    ... )
    >>> ktk.models.layer_paths(model)
    ['backbone/hidden', 'head']
    """
    return paths_in(LayerTree(model))


def paths_in(tree):
    """Returns what `layer_paths` lists, for a model that has been read."""
    return list(dict.fromkeys(path for path, _ in tree.owners))


def walk(model):
    """Returns `(path, layer)` for every layer below `model`; see LayerTree."""
    return LayerTree(model).below

"""The order in which a model calls its layers."""

import functools
import math

import keras

from keras_trainkit.backend.model.call_watch import watched_calls


class OrderUnknown(ValueError):
    """The order of a forward pass cannot be found."""

    def __init__(self, model, reason):
        """Says of which model, and why."""
        super().__init__(
            "The order in which a model calls its layers is unknown while "
            f"{reason}. Received: model={model.name!r}. Call the model on a "
            "batch of data first, or select by patterns, by 'all' or by a "
            "callable."
        )


def sublayers(layer):
    """Returns the layers right below `layer`, in no promised order.

    For a graph of layers they come in the order of the graph, behind those
    that the layer holds but the graph does not reach.
    """
    # Only models have a public `layers`; the property reads what every layer
    # tracks, so it answers for composites such as Bidirectional as well.
    tracked = keras.Model.layers.fget(layer)
    listed = layer.layers if isinstance(layer, keras.Model) else tracked
    known = {id(sub) for sub in listed}
    beside = [sub for sub in tracked if id(sub) not in known]
    return [
        sub
        for sub in beside + listed
        if not isinstance(sub, keras.layers.InputLayer)
    ]


def is_graph(layer):
    """Whether the forward pass of `layer` is its own list of layers.

    True for Sequential and functional models, unless a subclass of them
    brings a `call` of its own.
    """
    owner = next(cls for cls in type(layer).__mro__ if "call" in vars(cls))
    return owner is keras.Sequential or keras.Function in owner.__bases__


def call_order(model):
    """Returns when a subclassed `model` calls each layer below it.

    Attributes of a subclassed model come in any order, so the model is run
    once on symbolic inputs of the shapes it was built with. No variable is
    created or changed and no seed advances.

    Args:
        model: A subclassed `keras.Model`.

    Returns:
        Dict of `id(layer)` to its place in the pass. A layer that the pass
        does not call is missing.

    Raises:
        OrderUnknown: If the model is not built, or does not run on symbolic
            inputs.
    """
    cause = None
    for args, kwargs in signatures(model):
        try:
            with watched_calls(_descendants(model)) as called:
                _ForwardPass(model).compute_output_spec(*args, **kwargs)
        except Exception as error:
            cause = cause or error
        else:
            return called
    if cause is None:
        raise OrderUnknown(model, "it has not been built")
    raise OrderUnknown(model, f"a symbolic pass failed: {cause}") from cause


def in_call_order(layers, called):
    """Sorts `layers` by first call; those never called come first.

    So "the last n" never means a layer that the outputs do not depend on.
    """
    return sorted(layers, key=functools.partial(_first_call, called=called))


class _ForwardPass(keras.Operation):
    # An Operation runs its `call` symbolically even where the model has a
    # `compute_output_shape`, which would answer without calling a layer.
    def __init__(self, model):
        super().__init__(name="forward_pass")
        self.model = model

    def call(self, *args, **kwargs):
        return self.model(*args, **kwargs)


def signatures(model):
    """Yields what a built model may be called with, symbolically.

    Args:
        model: A `keras.Model`.

    Yields:
        Tuples `(args, kwargs)` of symbolic tensors, the likeliest first.
    """
    config = model.get_build_config() or {}
    # Shapes are recorded without dtypes: indices are tried after floats.
    for dtype in (None, "int32"):
        # A functional model with a `call` of its own records none.
        if config.get("input_shape") is not None:
            yield (_tensors(config["input_shape"], dtype),), {}
        if "shapes_dict" in config:
            shapes = config["shapes_dict"].items()
            # Each is named after its argument: "x_shape".
            yield (
                (),
                {
                    name.rpartition("_")[0]: _tensors(shape, dtype)
                    for name, shape in shapes
                },
            )
    # Of several positional arguments Keras records the first one's shape
    # only; inside a functional model the others are known from there.
    if hasattr(model, "input"):
        yield tuple(keras.tree.flatten(model.input)), {}


def _tensors(shape, dtype):
    if isinstance(shape, dict):
        return {key: _tensors(value, dtype) for key, value in shape.items()}
    if all(size is None or isinstance(size, int) for size in shape):
        return keras.KerasTensor(shape, dtype=dtype)
    return [_tensors(one, dtype) for one in shape]


def _descendants(layer):
    found = {}
    for sub in sublayers(layer):
        found[id(sub)] = sub
        found.update((id(one), one) for one in _descendants(sub))
    return list(found.values())


def _first_call(layer, called):
    # A container may be passed over and its sublayers be called directly.
    parts = [layer, *_descendants(layer)]
    first = min(called.get(id(part), math.inf) for part in parts)
    return -1 if math.isinf(first) else first

"""What was going on when an error about shapes was raised."""

import difflib
import re
from numbers import Integral

import keras

from keras_trainkit.backend.model.failed_calls import failed_calls
from keras_trainkit.backend.model.failed_calls import failed_lines
from keras_trainkit.backend.model.graph_nodes import maker_of
from keras_trainkit.backend.model.layers import all_layers
from keras_trainkit.diagnostics.shape_errors.fed_data import FedData
from keras_trainkit.kernels.error_messages import essence
from keras_trainkit.kernels.error_messages import node_name
from keras_trainkit.kernels.error_messages import shapes_in
from keras_trainkit.models.forward_order import sublayers

_NAMED = re.compile(r"\blayer ['\"](.+?)['\"]")


class Scene:
    """The model, the layer, the data and the numbers around an error.

    Args:
        error: The exception.
        model: The model in question. Defaults to `None`: the one whose method
            failed, else those in the variables of the lines that failed.

    Attributes:
        text: The message without colours, printed tensors and file names.
        calls: Keras's calls that failed, outermost first.
        lines: The user's lines that failed, outermost first.
        models: List of the models in play, the likeliest first.
        layer: The innermost layer that failed and that the user made, or
            `None`.
        inputs: The tensors that `layer` was called on.
        data: What `fit`, `evaluate` or `predict` was called with.
    """

    def __init__(self, error, model=None):
        self.raw = str(error)
        self.text = essence(self.raw)
        self.calls = failed_calls(error)
        self.lines = failed_lines(error)
        self.models = [model] if model is not None else self._models()
        self.layers = dict(_layers_of(self.models))
        self.layer, self.inputs = self._failed_layer()
        self._add_layers_outside_a_model()
        self.data = FedData(self.calls)

    @property
    def model(self):
        """The likeliest model, or `None`."""
        return self.models[0] if self.models else None

    def path(self, layer):
        """Returns the layer's name, below the names of nested models."""
        paths = [path for path, known in self.layers.items() if known is layer]
        return paths[0] if paths else layer.name

    def named(self, name):
        """Returns the layer of a name, or `None`."""
        found = [one for one in self.layers.values() if one.name == name]
        return found[0] if found else None

    def closest(self, name, names):
        """Returns the one of `names` that is spelled most like `name`."""
        found = difflib.get_close_matches(name, list(names), 1, 0.5)
        return found[0] if found else None

    def before(self, layer):
        """Returns the layer whose output `layer` takes, or `None`."""
        made = [one for one in map(_maker, self.inputs) if one is not None]
        if made and layer is self.layer:
            return made[0]
        order = list(self.layers.values())
        at = [i for i, one in enumerate(order) if one is layer]
        is_sequential = isinstance(self.model, keras.Sequential)
        return order[at[0] - 1] if at and at[0] and is_sequential else None

    def fed_shape(self):
        """Returns the shape of the one array the model was fed, or `None`."""
        arrays = self.data.of("x").values()
        shapes = [array.shape for array in arrays]
        if not shapes and self.calls and self.calls[0].owner is self.model:
            given = _tensors(self.calls[0].arguments)
            shapes = [shape_of(one) for one in given]
        return shapes[0] if len(shapes) == 1 else None

    def entrance_shape(self):
        """Returns the shape of the graph's input that led here, or `None`."""
        tensor = next((x for x in self.inputs if _maker(x) is not None), None)
        while _maker(tensor) is not None:
            try:
                tensor = _maker(tensor).input
            except (AttributeError, ValueError):
                return None  # A layer that is called in several places.
        return None if tensor is None else shape_of(tensor)

    def makers(self):
        """Returns what made each of the inputs of the layer that failed."""
        return [_maker(tensor) for tensor in self.inputs]

    def loss_in_message(self):
        """Returns the name of the loss a TensorFlow node is in, or `""`."""
        found = re.search(r"compile_loss/(\w+)/", node_name(self.raw))
        return found[1] if found else ""

    def input_shapes(self):
        """Returns the shapes of the inputs of the layer that failed."""
        return [shape_of(tensor) for tensor in self.inputs]

    def is_symbolic(self):
        """Whether a graph was being made, and no data were fed."""
        return (
            self.data.method is None
            and bool(self.inputs)
            and all(isinstance(x, keras.KerasTensor) for x in self.inputs)
        )

    def rows_in_play(self):
        """Returns the numbers of rows that the batch that failed may have."""
        fed = {self.data.batch_size, self.data.last_batch} - {None}
        shapes = self._call_shapes() or shapes_in(self.text)
        known = {shape[0] for shape in shapes if len(shape) > 1}
        # While TensorFlow makes a graph, a batch is of any size.
        unknown = None in known and not known & fed
        return set() if unknown else known & fed or fed

    def fed(self, layer):
        """Whether `layer` takes the data, and no other layer's output."""
        if any(maker is not None for maker in self.makers()):
            return False
        first = next(iter(self.layers.values()), None)
        return layer is None or layer is first or layer is self.model

    def _call_shapes(self):
        """The shapes the outermost layer that failed was called on."""
        for call in self.calls:
            if isinstance(call.owner, keras.Layer) and (
                call.method in ("__call__", "call")
            ):
                return [shape_of(one) for one in _tensors(call.arguments)]
        return []

    def _models(self):
        called = [call.owner for call in self.calls]
        found = [one for one in called if isinstance(one, keras.Model)]
        if not found:
            values = [line.values for line in reversed(self.lines)]
            found = [
                value
                for local in values
                for value in local.values()
                if isinstance(value, keras.Model)
            ]
        return list({id(one): one for one in found}.values())

    def _add_layers_outside_a_model(self):
        """A layer that fails while a model is made belongs to none yet."""
        known = {id(layer) for layer in self.layers.values()}
        outside = [*self.makers(), self.layer]
        for layer in outside:
            is_new = isinstance(layer, keras.Layer) and id(layer) not in known
            if is_new and layer not in self.models:
                self.layers[layer.name] = layer
                known.add(id(layer))
                below = [] if _whole(layer) else _below(layer, f"{layer.name}/")
                for path, part in below:
                    if id(part) not in known:
                        known.add(id(part))
                        self.layers[path] = part

    def _failed_layer(self):
        """Descends as far as the user would: to a layer Keras brings whole."""
        failed, given = None, []
        for call in self.calls:
            layer = call.owner
            is_call = call.method in ("__call__", "call", "build")
            if not isinstance(layer, keras.Layer) or not is_call:
                continue
            if failed is not None and failed is not layer and _whole(failed):
                break
            failed, given = layer, _tensors(call.arguments) or given
        named = self._layer_in_message()
        if failed is None and named is None and self.calls:
            # An operation such as a sum of tensors belongs to no layer.
            return None, _symbols(self.calls[-1].arguments)
        if failed is None or isinstance(failed, keras.Model):
            return (named, []) if named is not None else (failed, given)
        return self._whole_around(failed), given

    def _whole_around(self, layer):
        """Returns the layer of Keras that a part such as a cell belongs to."""
        around = [
            one
            for one in self.layers.values()
            if _whole(one) and any(layer is part for part in all_layers(one))
        ]
        return around[0] if around else layer

    def _layer_in_message(self):
        node = node_name(self.raw)
        if node:
            return layer_of_node(node, self.layers.values())
        found = _NAMED.search(self.text)
        return self.named(found[1]) if found else None


def layer_of_node(node, layers):
    """Returns the layer that a TensorFlow node belongs to, or `None`.

    TensorFlow joins the names of the calls by "/", and numbers those that it
    meets again: `dense` becomes `dense_1`.
    """
    by_name = {layer.name: layer for layer in layers}
    renamed, found = False, None
    for part in node.split("/"):
        shorter = re.sub(r"_\d+$", "", part)
        again = shorter != part and (renamed or part not in by_name)
        name = shorter if again and shorter in by_name else part
        renamed = renamed or shorter != part
        # Inside a layer that Keras brings whole, names are Keras's.
        if name in by_name and not (found is not None and _whole(found)):
            found = by_name[name]
    return found


def shape_of(value):
    """Returns a value's shape as a tuple, or `None` where it has none."""
    shape = getattr(value, "shape", None)
    if shape is None:
        return None
    try:
        return tuple(int(n) if isinstance(n, Integral) else None for n in shape)
    except ValueError:
        # A tensor of TensorFlow may have an unknown number of axes.
        return None


def kind_of(layer):
    """Returns the name of a layer's class."""
    return type(layer).__name__


def _whole(layer):
    """Whether a layer comes from Keras, with whatever layers it is made of."""
    is_own = type(layer).__module__.split(".")[0] == "keras"
    return is_own and not isinstance(layer, keras.Model)


def _tensors(arguments):
    leaves = keras.tree.flatten(list(arguments.values()))
    return [one for one in leaves if shape_of(one)]


def _symbols(arguments):
    leaves = keras.tree.flatten(list(arguments.values()))
    return [one for one in leaves if isinstance(one, keras.KerasTensor)]


def _maker(tensor):
    if not isinstance(tensor, keras.KerasTensor):
        return None
    try:
        maker = maker_of(tensor)
    except AttributeError:
        return None  # Made by hand: keras.KerasTensor(shape).
    return None if isinstance(maker, keras.layers.InputLayer) else maker


def _layers_of(models):
    """Yields each layer once, by its path below the outermost model."""
    seen = set()
    for model in models:
        for path, layer in _below(model, ""):
            if id(layer) not in seen:
                seen.add(id(layer))
                yield path, layer


def _below(parent, prefix):
    for layer in sublayers(parent):
        yield prefix + layer.name, layer
        if not _whole(layer):
            yield from _below(layer, f"{prefix}{layer.name}/")

"""What is to be changed in a model's layers, and the copy that has it so."""

import copy
import dataclasses

import keras

from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.models.copies import LayerCopies
from keras_trainkit.models.forward_order import is_graph
from keras_trainkit.models.kinds import kind_of
from keras_trainkit.models.layer_tree import LayerTree


@dataclasses.dataclass
class LayerEdits:
    """Changes of layers, by their paths.

    Attributes:
        config: `{path: {argument: value}}` of arguments that change.
        instead: `{path: callable}`: from a name to the layer in its place.
        behind: `{path: list of callables}`: from the layer's name to layers
            that are put behind it.
        removed: Set of paths of layers that are left out.
        in_front: `{place of the input: callable}` from a name to a layer that
            all readers of that input read instead.
        trainable: `{path: Boolean}`.
    """

    config: dict = dataclasses.field(default_factory=dict)
    instead: dict = dataclasses.field(default_factory=dict)
    behind: dict = dataclasses.field(default_factory=dict)
    removed: set = dataclasses.field(default_factory=set)
    in_front: dict = dataclasses.field(default_factory=dict)
    trainable: dict = dataclasses.field(default_factory=dict)

    def set(self, path, **arguments):
        """Notes arguments of the layer at `path`."""
        self.config.setdefault(path, {}).update(arguments)

    def touches(self, path):
        """Whether a layer is changed, or one inside of it."""
        changed = (*self.config, *self.instead, *self.behind, *self.removed)
        return any(p == path or p.startswith(f"{path}/") for p in changed)


class EditedCopy:
    """A copy of a graph of layers with some of them changed.

    The weights are drawn anew, but for those of layers that do not train, of
    preprocessing layers, and of those that are to be kept.

    Args:
        model: A built Sequential or functional `keras.Model`, not compiled.
        edits: `LayerEdits`.
        kept: Collection of paths of layers that keep their weights.

    Attributes:
        model: The copy.
        pairs: `{id(layer): (layer, its copy)}` of the layers that are copied.
    """

    def __init__(self, model, edits, kept=()):
        self._edits, self._kept = edits, set(kept)
        self._paths = {}
        for path, layer in LayerTree(model).below:
            self._paths.setdefault(id(layer), path)
        self._exact, self._behind = LayerCopies(), {}
        self.pairs = {}
        self.model = self._graph(model, edits.in_front)
        self._carry()
        self._set_flags()

    def _carry(self):
        try:
            self._exact.carry_state()
        except ValueError as error:
            raise bad_value(
                "repairs",
                "a change of shapes",
                "such that layers which keep their weights keep their inputs",
                f"Let them train, or change no sizes before them. {error}",
            ) from error

    def _graph(self, model, in_front=None):
        if isinstance(model, keras.Sequential):
            return self._sequential(model, in_front or {})
        inputs = [_input_like(one, model) for one in model.inputs]
        ahead = {
            id(inputs[place]): make(f"standardize_{place}")(inputs[place])
            for place, make in (in_front or {}).items()
        }
        originals = {}

        def clone(layer):
            new = self._copy(layer)
            originals[id(new)] = layer
            return new

        def call(new, *args, **kwargs):
            args, kwargs = keras.tree.map_structure(
                lambda one: ahead.get(id(one), one), (args, kwargs)
            )
            return self._called(originals[id(new)], new, args, kwargs)

        packed = keras.tree.pack_sequence_as(model.input, inputs)
        new = keras.models.clone_model(
            model,
            input_tensors=packed,
            clone_function=clone,
            call_function=call,
        )
        return new

    def _called(self, layer, new, args, kwargs):
        path = self._path(layer)
        if path in self._edits.removed:
            if len(args) != 1 or not isinstance(args[0], keras.KerasTensor):
                raise bad_value(
                    "where", path, "a layer of one input, to be removed"
                )
            return args[0]
        outputs = new(*args, **kwargs)
        for extra in self._extra(layer):
            outputs = extra(outputs)
        return outputs

    def _sequential(self, model, in_front):
        layers = [_input_like(model.inputs[0], model)]
        layers += [make("standardize_0") for make in in_front.values()]
        for layer in model.layers:
            if self._path(layer) not in self._edits.removed:
                layers += [self._copy(layer), *self._extra(layer)]
        return keras.Sequential(layers, name=model.name)

    def _extra(self, layer):
        """Returns what goes behind a layer, made once for all its calls."""
        if id(layer) not in self._behind:
            makers = self._edits.behind.get(self._path(layer), ())
            self._behind[id(layer)] = [make(layer.name) for make in makers]
        return self._behind[id(layer)]

    def _copy(self, layer):
        if id(layer) not in self.pairs:
            self.pairs[id(layer)] = (layer, self._new(layer))
        return self.pairs[id(layer)][1]

    def _new(self, layer):
        path = self._path(layer)
        if path in self._edits.instead:
            return self._edits.instead[path](layer.name)
        if not isinstance(layer, keras.Layer):
            if self._edits.touches(path):
                raise _not_here(path, layer)
            return layer
        touched = self._edits.touches(path)
        if not touched and self._keeps(path, layer):
            return self._exact(layer)
        if isinstance(layer, keras.Model) and is_graph(layer):
            return self._graph(layer)
        config = _unbuilt(copy.deepcopy(layer.get_config()))
        for name, value in self._edits.config.get(path, {}).items():
            _set(config, name, value, path, layer)
        if touched and not self._at(path):
            raise _not_here(path, layer)
        return type(layer).from_config(config)

    def _at(self, path):
        edits = self._edits
        return path in {*edits.config, *edits.behind, *edits.removed}

    def _keeps(self, path, layer):
        parts = path.split("/")
        above = {"/".join(parts[: n + 1]) for n in range(len(parts))}
        if self._kept & above or kind_of(layer) == "preprocessing":
            return True
        return bool(layer.weights) and not layer.trainable_weights

    def _path(self, layer):
        return self._paths.get(id(layer), layer.name)

    def _set_flags(self):
        exact = self._kept
        for layer, new in self.pairs.values():
            same = isinstance(layer, keras.Layer) and new is not layer
            same = same and self._path(layer) not in exact
            if same and new.trainable != layer.trainable:
                new.trainable = layer.trainable
        for path, flag in self._edits.trainable.items():
            for layer, new in self.pairs.values():
                if path in ("", self._path(layer)) and hasattr(
                    new, "trainable"
                ):
                    new.trainable = flag


def _unbuilt(config):
    """Returns a configuration without the shapes of the layers inside.

    A deserialised layer is built for the inputs it had
    (keras/src/saving/serialization_lib.py), which may change.
    """
    if isinstance(config, dict):
        return {
            name: _unbuilt(value)
            for name, value in config.items()
            if name != "build_config"
        }
    if isinstance(config, list):
        return [_unbuilt(one) for one in config]
    return config


def _input_like(tensor, model):
    fixed = any(getattr(layer, "stateful", False) for layer in model.layers)
    batch = tensor.shape[0] if fixed else None
    return keras.Input(
        batch_shape=(batch, *tensor.shape[1:]),
        dtype=tensor.dtype,
        name=tensor.name,
    )


def _set(config, name, value, path, layer):
    """Puts an argument into a configuration, or into the wrapped layer's."""
    if name in config:
        config[name] = value
        return
    inner = config.get("layer")
    if not isinstance(inner, dict) or "config" not in inner:
        raise bad_value(
            "where",
            path,
            f"a layer with the argument {name!r}, which "
            f"{type(layer).__name__} has not",
        )
    _set(inner["config"], name, value, path, layer)
    backward = config.get("backward_layer")
    if isinstance(backward, dict) and name in backward.get("config", {}):
        backward["config"][name] = value


def _not_here(path, layer):
    kind = type(layer).__name__
    return bad_value(
        "where",
        path,
        f"a layer of the graph; what lies inside of a {kind} is not changed",
    )

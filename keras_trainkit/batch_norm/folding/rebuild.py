"""The copy of a model without the layers that are folded away."""

import copy

import keras

from keras_trainkit.backend.devices.distribution import variable_scope
from keras_trainkit.backend.model.graph_nodes import maker_of
from keras_trainkit.backend.model.layers import all_layers
from keras_trainkit.batch_norm.folding.linear_layer import core_of
from keras_trainkit.models.copies import LayerCopies
from keras_trainkit.models.forward_order import is_graph

_TRAINING_ONLY = (
    "activity_regularizer",
    "bias_constraint",
    "bias_regularizer",
    "depthwise_constraint",
    "depthwise_regularizer",
    "kernel_constraint",
    "kernel_regularizer",
    "pointwise_constraint",
    "pointwise_regularizer",
)
# The kernel that is folded has the low-rank update in it.
_MERGED = ("lora_rank", "lora_alpha")


def rebuilt(model, plan):
    """Returns the copy of a model that a plan describes.

    Args:
        model: The Sequential or functional model that was planned.
        plan: A `Plan`.
    """
    with variable_scope(model):
        changed = {
            key: _with_weights(layer) for key, layer in plan.layers.items()
        }
        stand_ins = {
            key: keras.layers.Identity(name=one.name, dtype=one.dtype_policy)
            for key, one in plan.removed.items()
        }
        copies = _FoldedCopies(changed, stand_ins)
        new = copies(model)
        copies.carry_state()
    # A model's flag is passed on to all below it.
    for key, layer in changed.items():
        layer.trainable = plan.layers[key].operation.trainable
    return new


class _FoldedCopies(LayerCopies):
    """Copies graphs with layers in place of some, and without others.

    Args:
        changed: `{id(layer): layer}` of those that come in their places.
        stand_ins: `{id(layer): Identity}` of those that are left out. The
            last layer of a graph, after which its output is named, is one.
    """

    def __init__(self, changed, stand_ins):
        """Starts without copies."""
        super().__init__(instead={**changed, **stand_ins})
        self._stand_ins = stand_ins

    def _copy(self, layer):
        if isinstance(layer, keras.Model) and is_graph(layer):
            below = {id(one) for one in all_layers(layer)}
            if below & set(self._instead):
                return self._graph_without(layer)
        return super()._copy(layer)

    def _graph_without(self, model):
        last = {id(maker_of(tensor)) for tensor in model.outputs}
        stand_ins = {id(one): key for key, one in self._stand_ins.items()}
        left_out = {one for one, key in stand_ins.items() if key not in last}
        if isinstance(model, keras.Sequential):
            return self._sequential(model, left_out)

        def call(operation, *args, **kwargs):
            if id(operation) not in stand_ins:
                return operation(*args, **kwargs)
            # A BatchNormalization is handed a mask, too.
            inputs = args[0] if args else kwargs["inputs"]
            return inputs if id(operation) in left_out else operation(inputs)

        return self._cloned(model, call)

    def _sequential(self, model, left_out):
        self._layer_by_layer.add(id(model))
        first = model.inputs[0]
        layers = [self(layer) for layer in model.layers]
        return keras.Sequential(
            [
                keras.Input(
                    batch_shape=first.shape, dtype=first.dtype, name=first.name
                ),
                *(one for one in layers if id(one) not in left_out),
            ],
            name=model.name,
        )


def _with_weights(layer):
    """Returns a new layer as a `LinearLayer` describes it."""
    operation = layer.operation
    config = copy.deepcopy(operation.get_config())
    own = config if layer.core is operation else config["layer"]["config"]
    own.update({name: None for name in _TRAINING_ONLY if name in own})
    for name in _MERGED:
        own.pop(name, None)
    own.update(layer.changes)
    new = type(operation).from_config(config)
    if not new.built:
        new.build_from_config(operation.get_build_config())
    _assign(core_of(new), layer)
    return new


def _assign(core, layer):
    values = [one for one in layer.weights.values() if one is not None]
    core.set_weights(
        [
            value.reshape(tuple(weight.shape))
            for value, weight in zip(values, core.weights, strict=True)
        ]
    )

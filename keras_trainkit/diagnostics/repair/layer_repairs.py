"""Repairs of layers: what each kind notes in a plan."""

import keras

from keras_trainkit.backend.model.keras_kinds import is_keras_layer
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.argument_checks import require_number

_INITIALIZERS = (
    "kernel_initializer",
    "depthwise_initializer",
    "embeddings_initializer",
)
_SIZES = ("units", "filters")
_HIDDEN = ("dense", "conv")
# With few batches in an epoch the averages must follow faster than 0.99.
_MOMENTUM = 0.9


def activation(plan, value, where):
    """Sets the activation that the layer at `where` has.

    A layer that is an activation is replaced; so is an operation.
    """
    for node in _nodes(plan, where, _has_activation):
        if node.kind == "activation" and not _is_activation_layer(node):
            plan.layers.instead[node.path] = _activation_of(value)
        else:
            plan.layers.set(node.path, activation=value)


def initializer(plan, value, where):
    """Sets the initializer of kernels."""
    for node in _nodes(plan, where, lambda one: _argument(one, _INITIALIZERS)):
        plan.layers.set(
            node.path,
            **{_argument(node, _INITIALIZERS): _described(value)},
        )


def units(plan, value, where):
    """Sets the units, or filters, of the layer that decides on them."""
    require_integer("units", value, 1)
    for node in _nodes(plan, where):
        while not _argument(node, _SIZES):
            if len(node.before) != 1:
                raise _unfit(where, "a layer with units")
            node = node.before[0]
        plan.layers.set(node.path, **{_argument(node, _SIZES): int(value)})


def use_bias(plan, value, where):
    """Gives layers a bias, or takes it from them."""
    for node in _nodes(plan, where, lambda one: _argument(one, ["use_bias"])):
        plan.layers.set(node.path, use_bias=bool(value))


def dropout_rate(plan, value, where):
    """Sets the rate of dropout layers."""
    require_number(
        "dropout_rate", value, "a number in [0, 1)", lambda v: 0 <= v < 1
    )
    for node in _nodes(plan, where, lambda one: one.kind == "dropout"):
        name = _argument(node, ["rate", "stddev"])
        if name is None:
            raise _unfit(node.path, "a layer with a rate")
        plan.layers.set(node.path, **{name: float(value)})


def regularizer(plan, value, where):
    """Sets the regularizer of kernels; `None` takes all of a layer off."""
    for node in _nodes(plan, where, lambda one: one.kernel is not None):
        plan.layers.set(node.path, kernel_regularizer=_described(value))
        if value is None:
            for name in ("bias_regularizer", "activity_regularizer"):
                if _argument(node, [name]):
                    plan.layers.set(node.path, **{name: None})


def constraint(plan, value, where):
    """Sets the constraint of kernels; `None` takes it off."""
    for node in _nodes(plan, where, lambda one: one.kernel is not None):
        plan.layers.set(node.path, kernel_constraint=_described(value))


def trainable(plan, value, where):
    """Sets the flag of a layer, or of all layers.

    `None` leaves the flags as they are now: the copy is compiled with them.
    """
    if where and where not in dict(plan.patient.network.layers):
        raise _unfit(where, "the path of a layer")
    if value is not None:
        plan.layers.trainable[where] = bool(value)


def remove_layer(plan, value, where):
    """Leaves a layer out."""
    for node in _nodes(plan, where or None):
        plan.layers.removed.add(node.path)


def add_normalization(plan, value, where):
    """Puts a normalisation between layers and their activations.

    `value` is `"batch"`, `"layer"`, or `None`: that which fits the batches.
    """
    size = plan.fit_arguments().get("batch_size") or 32
    kind = value or ("batch" if size >= 16 else "layer")
    if kind not in ("batch", "layer"):
        raise bad_value("add_normalization", value, '"batch" or "layer"')
    hidden = {one.path for one in hidden_nodes(plan.patient.network)}
    for node in _nodes(plan, where, lambda one: one.path in hidden):
        behind = [_batch if kind == "batch" else _layer]
        edits = plan.layers.config.get(node.path, {})
        own = edits.get("activation", node.core.get_config().get("activation"))
        if own not in (None, "linear"):
            plan.layers.set(node.path, activation="linear")
            behind.append(_activation_of(own, "activation_of_{}"))
        plan.layers.behind[node.path] = behind


def hidden_nodes(network):
    """Returns the dense and convolutional nodes that make no output."""
    return [
        one
        for one in network.hidden
        if one.kind in _HIDDEN and is_keras_layer(one.core)
    ]


def _batch(name):
    return keras.layers.BatchNormalization(
        momentum=_MOMENTUM, name=f"normalization_of_{name}"
    )


def _layer(name):
    return keras.layers.LayerNormalization(name=f"normalization_of_{name}")


def _activation_of(value, naming="{}"):
    function = keras.activations.get(value)
    return lambda name: keras.layers.Activation(
        function, name=naming.format(name)
    )


def _nodes(plan, where, fits=None):
    """Returns the nodes at a path; without one, those that fit."""
    network = plan.patient.network
    if where == "" and fits is not None:
        outputs = {id(network.final(one).weighted) for one in network.outputs}
        outputs |= {id(one) for one in network.outputs}
        found = [
            node
            for node in network.nodes
            if fits(node) and id(node) not in outputs
        ]
    else:
        found = [node for node in network.nodes if node.path == where]
        layers = dict(network.layers)
        if not found and where in layers:
            raise _unfit(where, "a layer that the model's graph calls")
    if not found:
        raise _unfit(where, "the path of a layer that this is about")
    return list({one.path: one for one in found}.values())


def _has_activation(node):
    return node.kind in _HIDDEN and node.activation is not None


def _is_activation_layer(node):
    return isinstance(node.layer, keras.layers.Activation)


def _argument(node, names):
    layer = node.core
    if isinstance(layer, keras.layers.Bidirectional):
        layer = layer.forward_layer
    if not isinstance(layer, keras.Layer):
        return None
    config = layer.get_config()
    return next((name for name in names if name in config), None)


def _described(value):
    if value is None or isinstance(value, (str, dict)):
        return value
    return keras.saving.serialize_keras_object(value)


def _unfit(where, expected):
    return bad_value("where", where, expected)

"""The optimizer and what it trains: the family O."""

from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import HIDDEN
from keras_trainkit.diagnostics.rules.examples import SIGMOID
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule

_DEEP = 8
_LONG = 200


def _example(optimizer, **more):
    more = {"loss": "binary_crossentropy"} | more
    return program(HIDDEN, SIGMOID, optimizer=optimizer, **more)


@rule(
    "O103",
    name="no clipping for a recurrent network",
    topic="optimizer",
    severity="advice",
    confidence=0.3,
    needs=("compiled", "graph"),
    bad=program(
        "LSTM(8)",
        SIGMOID,
        loss="binary_crossentropy",
        inputs="(300, 2)",
    ),
    good=program(
        "LSTM(8)",
        SIGMOID,
        loss="binary_crossentropy",
        optimizer="keras.optimizers.Adam(0.001, clipnorm=1.0)",
        inputs="(300, 2)",
    ),
    reference="https://arxiv.org/abs/1211.5063",
)
def no_clipping(subject):
    """Through time a gradient is multiplied by the same matrix at every step.

    Over long sequences it explodes now and then, and one such step undoes many
    good ones. Clipping to a norm of 1 costs nothing. A ReLU in a recurrent
    layer is A106's.
    """
    compiled = subject.compiled
    if compiled.optimizer is None or compiled.clips:
        return
    for node in subject.network.weighted:
        bounded = node.activation in ("tanh", "sigmoid")
        if node.kind != "recurrent" or not bounded:
            continue
        steps = _time_steps(subject, node) or 0
        if steps >= _LONG:
            yield found(
                node.path,
                f"A recurrent layer over {steps} time steps, and gradients "
                "are not clipped.",
                f"{compiled.constructor}(..., clipnorm=1.0)",
                [Repair("clipnorm", 1.0)],
            )
            return


def _time_steps(subject, node):
    if node.before:
        shape = node.before[0].shape
    else:
        shapes = _input_shapes(subject)
        entries = enumerate(subject.network.entries)
        places = [place for place, readers in entries if node in readers]
        shape = shapes[places[0]] if places and shapes else ()
    return shape[1] if len(shape) > 1 else None


def _input_shapes(subject):
    if subject.sample is not None:
        return [one.shape for one in subject.sample.x]
    return [one.shape for one in getattr(subject.model, "inputs", None) or []]


@rule(
    "O111",
    name="clipping that leaves nothing",
    topic="optimizer",
    severity="warning",
    confidence=0.5,
    needs=("compiled",),
    bad=_example("keras.optimizers.SGD(0.01, clipnorm=0.0001)"),
    good=_example("keras.optimizers.SGD(0.01, clipnorm=1.0)"),
)
def clipped_to_nothing(subject):
    """Clipping is for gradients that are far larger than usual.

    Usual are norms of 0.1 to 10. A limit far below cuts every one: each update
    is then as long as the limit times the rate.
    """
    optimizer = subject.compiled.optimizer
    limits = {"clipnorm": 0.01, "global_clipnorm": 0.01, "clipvalue": 1e-3}
    for name, least in limits.items():
        value = getattr(optimizer, name, None)
        if value is not None and value < least:
            yield found(
                "",
                f"{name}={value:g} cuts nearly every gradient: an update of "
                f"SGD is then no longer than {value:g} times the rate.",
                "clipnorm=1.0",
                [Repair("clipnorm", 1.0)],
            )


@rule(
    "O104",
    name="plain SGD for a network it does not suit",
    topic="optimizer",
    severity="warning",
    confidence=0.45,
    needs=("compiled", "graph"),
    bad=program(
        "Embedding(900, 8)",
        "LSTM(8)",
        SIGMOID,
        loss="binary_crossentropy",
        optimizer="sgd",
        inputs="(12,)",
    ),
    good=program(
        "Embedding(900, 8)",
        "LSTM(8)",
        SIGMOID,
        loss="binary_crossentropy",
        inputs="(12,)",
    ),
)
def plain_sgd(subject):
    """SGD without momentum takes the same rate for every weight.

    In deep stacks without normalisation, in recurrent and attention layers and
    in embeddings, whose rows get a gradient only when their word occurs, those
    gradients differ by orders of magnitude: what is small hardly learns.
    """
    compiled, network = subject.compiled, subject.network
    if compiled.optimizer_name != "sgd" or compiled.momentum:
        return
    kinds = {node.kind for node in network.nodes}
    if "attention" in kinds:
        seen = "attention layers"
    elif "recurrent" in kinds:
        seen = "recurrent layers"
    elif "embedding" in kinds:
        seen = "embeddings"
    elif network.depth >= _DEEP and not _normalises(network):
        seen = f"{network.depth} layers in a row without normalisation"
    else:
        return
    yield found(
        "",
        f"SGD without momentum, rate {compiled.learning_rate:g}, for a "
        f"network with {seen}.",
        "keras.optimizers.Adam(0.001), or "
        "keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True)",
        [Repair("optimizer", "adam"), Repair("learning_rate", 0.001)],
    )


def _normalises(network):
    """Whether layers keep the size of a signal, SELU's among them."""
    hidden = [network.effective_activation(node) for node in network.hidden]
    kinds = {node.kind for node in network.nodes}
    return "normalization" in kinds or set(hidden) == {"selu"}


@rule(
    "O105",
    name="nothing is trainable",
    topic="optimizer",
    severity="error",
    confidence=0.95,
    needs=("compiled",),
    bad="model = keras.Sequential(\n"
    "    [keras.Input((4,)), keras.layers.Dense(1)]\n"
    ")\n"
    "model.trainable = False\n"
    'model.compile("adam", "mse")\n',
    good="model = keras.Sequential(\n"
    "    [keras.Input((4,)), keras.layers.Dense(1)]\n"
    ")\n"
    'model.compile("adam", "mse")\n',
)
def nothing_trainable(subject):
    """Where all weights are frozen `fit` changes nothing.

    `trainable = False` on a model freezes every layer inside of it, a new head
    as well.
    """
    model = subject.model
    if model.variables and not model.trainable_variables:
        frozen = [one.name for one in model.layers if not one.trainable]
        shown = ", ".join(frozen[:3])
        yield found(
            "",
            f"None of {len(model.variables)} variables is trainable "
            f"(frozen: {shown or model.name}).",
            "model.trainable = True, then model.compile(...) again.",
            [Repair("trainable", True)],
        )


@rule(
    "O106",
    name="flags changed since compile",
    topic="optimizer",
    severity="warning",
    confidence=0.6,
    needs=("compiled",),
    bad="model = keras.Sequential(\n"
    "    [\n"
    "        keras.Input((4,)),\n"
    '        keras.layers.Dense(8, activation="relu"),\n'
    "        keras.layers.Dense(1),\n"
    "    ]\n"
    ")\n"
    'model.compile("adam", "mse")\n'
    "model.optimizer.build(model.trainable_variables)\n"
    "model.layers[0].trainable = False\n",
    good="model = keras.Sequential(\n"
    "    [\n"
    "        keras.Input((4,)),\n"
    '        keras.layers.Dense(8, activation="relu"),\n'
    "        keras.layers.Dense(1),\n"
    "    ]\n"
    ")\n"
    "model.layers[0].trainable = False\n"
    'model.compile("adam", "mse")\n',
)
def flags_changed(subject):
    """An optimizer trains the weights that it was built with.

    `trainable` set later is not seen by it: thawed layers stay as they are, or
    the step fails. Compile again after the flags are set.
    """
    nothing = not subject.given.trainable_variables
    if subject.compiled.trainable_changed and not nothing:
        yield found(
            "",
            "Layers were frozen or thawed since the optimizer was built: it "
            "still has the old list of variables.",
            "model.compile(...) again, after trainable is set; "
            "callbacks.FineTuning changes flags during fit.",
            [Repair("trainable", None)],
        )

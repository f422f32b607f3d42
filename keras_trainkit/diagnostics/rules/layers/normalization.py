"""Rules about normalisation layers, and about their absence."""

import keras

from keras_trainkit.backend.model.graph_nodes import nodes_of
from keras_trainkit.backend.model.training_flags import training_of
from keras_trainkit.diagnostics.facts.passes.chain_signals import drawn_by
from keras_trainkit.diagnostics.facts.passes.chain_signals import fitting_of
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.layers.batch_statistics import batch_norms
from keras_trainkit.diagnostics.rules.lines import layer_line
from keras_trainkit.diagnostics.rules.lines import listed
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule
from keras_trainkit.models.graph import graph_of
from keras_trainkit.models.layer_tree import LayerTree

# Hidden layers in a row: from where advice, from where a warning with
# initializers that do not fit the activations, and with those that do.
_DEEP, _UNFIT, _VERY_DEEP = 10, 20, 30
_ON_BASE = """\
base = keras.Sequential(
    [
        keras.Input((4,)),
        keras.layers.Dense(8, use_bias=False),
        keras.layers.BatchNormalization(),
        keras.layers.ReLU(),
    ]
)
base.trainable = False
inputs = keras.Input((4,))
outputs = keras.layers.Dense(1)(base(inputs, training={}))
model = keras.Model(inputs, outputs)
model.compile("adam", "mse")
"""
_IOFFE = "https://arxiv.org/abs/1502.03167"


@rule(
    "N101",
    name="a bias in front of BatchNormalization",
    topic="normalization",
    severity="advice",
    confidence=0.05,
    needs=("graph",),
    bad=program(
        "Dense(32)", "BatchNormalization()", "ReLU()", "Dense(1)", loss="mse"
    ),
    good=program(
        "Dense(32, use_bias=False)",
        "BatchNormalization()",
        "ReLU()",
        "Dense(1)",
        loss="mse",
    ),
    reference=_IOFFE,
)
def bias_before_normalisation(subject):
    """The mean is taken off again, and the bias with it.

    A bias right in front of a BatchNormalization has no effect and no
    gradient; `beta` of the normalisation is the bias. It costs memory and does
    no harm.
    """
    biased = [
        node
        for node in subject.network.weighted
        if node.kind in ("dense", "conv")
        and getattr(node.core, "use_bias", False)
        and [type(one.layer) for one in node.after]
        == [keras.layers.BatchNormalization]
        and node.activation in (None, "linear")
        and node.after[0].layer.center
    ]
    if biased:
        line = layer_line(biased[0].core, use_bias="False")
        yield found(
            biased[0].path,
            f"A bias right in front of BatchNormalization in "
            f"{listed(node.path for node in biased)}: the mean takes it off.",
            line,
            [Repair("use_bias", False, node.path) for node in biased],
        )


@rule(
    "N102",
    name="a deep plain stack without normalisation",
    topic="normalization",
    severity="advice",
    confidence=0.35,
    needs=("graph",),
    bad=program(
        *['Dense(32, activation="elu")'] * 24,
        "Dense(1)",
        loss="mse",
    ),
    good=program(
        *[
            "Dense(32, use_bias=False)",
            "BatchNormalization()",
            'Activation("elu")',
        ]
        * 3,
        "Dense(1)",
        loss="mse",
    ),
    reference=_IOFFE,
)
def deep_and_plain(subject):
    """Many layers one behind another, nothing that rescales between them.

    However well they are initialised, the layers drift apart while they are
    trained. Normalisation or residual connections keep deep stacks trainable.
    From 10 hidden layers it is advice; a warning from 20, or from 30 where the
    initializers fit the activations. SELU's stacks, which normalise themselves,
    are left out.
    """
    for chain in subject.network.chains:
        hidden = [link for link in chain if not link.is_output]
        if len(hidden) < _DEEP:
            continue
        if all(link.activation == "selu" for link in hidden):
            continue
        fits = all(drawn_by(one.kernel) == fitting_of(one) for one in hidden)
        most = _VERY_DEEP if fits else _UNFIT
        yield found(
            hidden[0].path,
            f"{len(hidden)} hidden layers one behind another, from "
            f"{hidden[0].path} to {hidden[-1].path}, without normalisation or "
            "a residual connection.",
            "keras.layers.BatchNormalization() between each layer and its "
            "activation, or LayerNormalization() in a residual block.",
            [Repair("add_normalization", None, one.path) for one in hidden],
            severity=None if len(hidden) < most else "warning",
        )


@rule(
    "N104",
    name="BatchNormalization that moves in a frozen part",
    topic="normalization",
    severity="warning",
    confidence=0.6,
    needs=("graph",),
    bad=program(
        "Dense(32, trainable=False)",
        "BatchNormalization()",
        "ReLU()",
        "Dense(16, trainable=False)",
        "ReLU()",
        "Dense(1)",
        loss="mse",
    ),
    good=program(
        "Dense(32, trainable=False)",
        "BatchNormalization(trainable=False)",
        "ReLU()",
        "Dense(16, trainable=False)",
        "ReLU()",
        "Dense(1)",
        loss="mse",
    ),
    reference="https://keras.io/guides/transfer_learning/",
)
def moving_in_frozen_part(subject):
    """Frozen kernels with a BatchNormalization between them that is not.

    Its statistics follow the new data while the kernels behind it expect the
    old ones, so what the part had learnt is lost step by step. In Keras a
    BatchNormalization with `trainable = False` runs in inference mode: freeze
    it with the rest. One behind the frozen part, before the new head, is meant.
    """
    moving = [
        node
        for node in batch_norms(subject)
        if _all_frozen(node, "before") and _all_frozen(node, "after")
    ]
    if moving:
        yield found(
            moving[0].path,
            f"BatchNormalization in {listed(node.path for node in moving)} is "
            "trainable between frozen layers: its statistics move with every "
            "batch.",
            "Freeze the part as a whole: base.trainable = False; or "
            "layer.trainable = False for these layers. Then compile again.",
            [Repair("trainable", False, node.path) for node in moving],
        )


def _all_frozen(node, way):
    """Whether the nearest layers with kernels that way are all frozen."""
    front, seen, nearest = list(getattr(node, way)), set(), []
    while front:
        one = front.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.kernel is not None:
            nearest.append(one)
        else:
            front += getattr(one, way)
    return bool(nearest) and not any(
        one.core.trainable_variables for one in nearest
    )


@rule(
    "N109",
    name="a frozen part that is called in training mode",
    topic="normalization",
    severity="advice",
    confidence=0.3,
    needs=("graph",),
    bad=_ON_BASE.format(True),
    good=_ON_BASE.format(False),
    reference="https://keras.io/guides/transfer_learning/",
)
def frozen_in_training_mode(subject):
    """`base(x, training=True)` of a frozen part with BatchNormalization.

    As long as it is frozen, Keras runs it in inference mode all the same. Once
    it is unfrozen for fine-tuning, its statistics move with every batch, and
    dropout is on even in prediction. Keras's guide calls a pretrained part with
    `training=False`.
    """
    paths = {id(node.layer): node.path for node in subject.network.nodes}
    for part in _called_in_training_mode(subject):
        held = [
            layer
            for layer in LayerTree(part).layers
            if isinstance(layer, keras.layers.BatchNormalization)
            and not layer.trainable
        ]
        if held:
            yield found(
                paths.get(id(held[0]), part.name),
                f"{part.name}, which holds {len(held)} frozen "
                "BatchNormalization, is called with training=True: their "
                "statistics move as soon as they are unfrozen.",
                f"{part.name}(x, training=False)",
            )


def _called_in_training_mode(subject):
    containers = [subject.model, *(one for _, one in subject.network.layers)]
    graphs = [graph_of(one) for one in containers]
    return [
        node.operation
        for graph in graphs
        if graph is not None
        for node in nodes_of(graph)
        if isinstance(node.operation, keras.Model) and training_of(node) is True
    ]

"""Rules about the statistics that BatchNormalization takes of batches."""

import math

import keras

from keras_trainkit.backend.model.tensors import to_numpy
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.lines import listed
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule

_SMALL_BATCH = 8
# Of images every place counts, too.
_SMALL_BATCH_OF_IMAGES = 3
# What is left of the initial statistics: from where advice, from where more.
_LEFT, _MOSTLY_LEFT = 0.1, 0.5
# So few updates are told by the rule about them.
_FEW_UPDATES = 20
# As share of the new, which torch calls momentum, this is customary.
_TORCH = 0.5
_IOFFE = "https://arxiv.org/abs/1502.03167"
_HIDDEN = 'Dense(32, activation="relu")'


def batch_norms(subject):
    """Returns the nodes whose statistics are those of the batch in `fit`."""
    seen = {}
    for node in subject.network.nodes:
        layer = node.layer
        trained = isinstance(layer, keras.layers.BatchNormalization) and (
            layer.trainable and node.training is not False
        )
        if trained:
            seen.setdefault(id(layer), node)
    return list(seen.values())


@rule(
    "N103",
    name="BatchNormalization of small batches",
    topic="normalization",
    severity="warning",
    confidence=0.6,
    needs=("graph",),
    bad=program(_HIDDEN, "BatchNormalization()", "Dense(1)", loss="mse")
    + "batch_size = 4\n",
    good=program(_HIDDEN, "LayerNormalization()", "Dense(1)", loss="mse")
    + "batch_size = 4\n",
    reference="https://arxiv.org/abs/1803.08494",
)
def small_batches(subject):
    """Mean and variance of a few rows are mostly noise.

    From batches below 8 rows the statistics jump from step to step, and
    prediction, which uses their average, sees another network than training.
    Of images every place counts as well, so there it is advice down to
    batches of 3. A batch of one row that has no places is normalised to 0
    whatever it holds.
    """
    size = subject.batch_size
    nodes = batch_norms(subject) if size is not None else []
    if not nodes or size >= _SMALL_BATCH:
        return
    flat = [node for node in nodes if _places(node) == 1]
    first = (flat or nodes)[0]
    severity = None
    if flat and size == 1:
        seen = "every value is its own mean, so the layer returns beta alone"
        severity = "error"
    else:
        seen = f"mean and variance are of {size} rows, mostly noise"
        if not flat and size >= _SMALL_BATCH_OF_IMAGES:
            severity = "advice"
    yield found(
        first.path,
        f"BatchNormalization in {listed(node.path for node in nodes)} with "
        f"batches of {size}: {seen}.",
        "batch_size=32; or keras.layers.LayerNormalization(), for images "
        "GroupNormalization(), which do not look at other rows.",
        [Repair("batch_size", 32)],
        severity=severity,
    )


def _places(node):
    inner = node.shape[1:-1]
    return 0 if None in inner else math.prod(inner)


@rule(
    "N105",
    name="moving averages that do not arrive",
    topic="normalization",
    severity="advice",
    confidence=0.4,
    needs=("graph", "sample"),
    bad=program(
        _HIDDEN,
        "BatchNormalization()",
        "Dense(1)",
        loss="mse",
        data="x = np.random.default_rng(0).normal(size=(320, 4))\ny = x[:, :1]",
    )
    + "batch_size = 32\nepochs = 5\n",
    good=program(
        _HIDDEN,
        "BatchNormalization(momentum=0.9)",
        "Dense(1)",
        loss="mse",
        data="x = np.random.default_rng(0).normal(size=(320, 4))\ny = x[:, :1]",
    )
    + "batch_size = 32\nepochs = 5\n",
    reference=_IOFFE,
)
def averages_do_not_arrive(subject):
    """Few steps and a momentum of 0.99: prediction uses the initial statistics.

    After n steps momentum^n of the moving averages is still what they began
    with, mean 0 and variance 1. So training looks well while validation is bad.
    `momentum=0.9` arrives ten times as fast.
    """
    if None in (subject.epochs, subject.steps_per_epoch):
        return
    steps = subject.epochs * subject.steps_per_epoch
    nodes = [n for n in batch_norms(subject) if _is_fresh(n.layer)]
    left = [node.layer.momentum**steps for node in nodes]
    slow = [n for n, part in zip(nodes, left, strict=True) if part > _LEFT]
    if not slow or steps < _FEW_UPDATES:
        return
    most = max(left)
    momentum = max(0.0, round(1 - 10 / steps, 2)) if steps < 100 else 0.9
    yield found(
        slow[0].path,
        f"momentum={slow[0].layer.momentum:g} in "
        f"{listed(node.path for node in slow)} and {steps} steps "
        f"({subject.epochs} epochs of {subject.steps_per_epoch}): {most:.0%} "
        "of the moving averages is still what they began with.",
        f"BatchNormalization(momentum={momentum:g})",
        severity="warning" if most > _MOSTLY_LEFT else None,
    )


def _is_fresh(layer):
    mean = to_numpy(layer.moving_mean)
    return not mean.any()


@rule(
    "N108",
    name="the momentum of another framework",
    topic="normalization",
    severity="warning",
    confidence=0.5,
    needs=("graph",),
    bad=program(
        _HIDDEN, "BatchNormalization(momentum=0.1)", "Dense(1)", loss="mse"
    ),
    good=program(
        _HIDDEN, "BatchNormalization(momentum=0.9)", "Dense(1)", loss="mse"
    ),
    reference="https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html",
)
def momentum_of_the_new(subject):
    """In Keras, momentum is the share of the old statistics that is kept.

    torch calls the share of the new one momentum: its 0.1 is Keras's 0.9. With
    0.1 in Keras the averages are those of the last batch or two, and
    validation jumps from epoch to epoch. A momentum of 0 is not torch's, and
    some write it on purpose: it is advice.
    """
    nodes = [n for n in batch_norms(subject) if n.layer.momentum < _TORCH]
    if nodes:
        momentum = max(node.layer.momentum for node in nodes)
        kept = round(1 - momentum, 6) if momentum else 0.9
        meant = f"{momentum:g} was meant as the share of the new"
        if not momentum:
            meant = "more than the last batch is to count"
        yield found(
            nodes[0].path,
            f"momentum={momentum:g} in {listed(node.path for node in nodes)}: "
            f"of the moving averages, {1 - momentum:.0%} are the last batch's.",
            f"BatchNormalization(momentum={kept:g}), if {meant}.",
            severity=None if momentum else "advice",
        )

"""Every output of a model beside its loss, its metrics and its targets."""

import dataclasses
import math
import weakref

import numpy as np

from keras_trainkit.kernels.data_facts.targets import TargetFacts
from keras_trainkit.kernels.data_facts.targets import target_facts
from keras_trainkit.models.kinds import snake_case

BINARY = ("binary_crossentropy", "binary_focal_crossentropy")
CATEGORICAL = ("categorical_crossentropy", "categorical_focal_crossentropy")
SPARSE = ("sparse_categorical_crossentropy",)
CROSSENTROPIES = (*BINARY, *CATEGORICAL, *SPARSE)
DIVERGENCE = ("kl_divergence",)
REGRESSION = (
    "mean_squared_error",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_logarithmic_error",
    "huber",
    "log_cosh",
)
PROBABILITIES = ("softmax", "sigmoid", "hard_sigmoid")
# Kinds of targets that hold one number of a class a row.
NUMBERED = ("binary", "classes", "classes_from_one")
# What an activation can put out; one that is not listed can put out anything.
REACH = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "relu": (0.0, math.inf),
    "relu6": (0.0, 6.0),
    "squared_relu": (0.0, math.inf),
    "softplus": (0.0, math.inf),
    "exponential": (0.0, math.inf),
    "elu": (-1.0, math.inf),
    "selu": (-1.7581, math.inf),
    "gelu": (-0.17, math.inf),
    "quick_gelu": (-0.1637, math.inf),
    "silu": (-0.2785, math.inf),
    "mish": (-0.3088, math.inf),
}
# What leaves the values of an activation in its range.
_PASSED = ("dropout", "pooling", "reshape")
_WITH_KERNEL = ("dense", "conv", "recurrent", "embedding", "attention")
_WHOLE = 4_000_000

_known = weakref.WeakKeyDictionary()


@dataclasses.dataclass(frozen=True)
class Head:
    """One output.

    Attributes:
        where: Path of the layer whose activation the output has, or of the
            output's layer; `""` where the graph is not known.
        activation: Name of its activation, or `None` where not known.
        shape: Its shape, the batch axis first, or `None` where not known.
        units: The size of the axis that a softmax runs over, or `None`.
        loss: The `LossFacts`, or `None` without loss.
        metrics: List of names.
        y: Array of the sample's targets, or `None`.
        targets: The `TargetFacts` of them, or `None`.
        reproduces: Whether the targets are the inputs, as for autoencoders.
    """

    where: str
    activation: str | None
    shape: tuple | None
    units: int | None
    loss: object
    metrics: list
    y: np.ndarray | None
    targets: TargetFacts | None
    reproduces: bool

    @property
    def loss_name(self):
        """The loss's name; `None` without one and for one of one's own."""
        return None if self.loss is None else self.loss.name

    @property
    def from_logits(self):
        """Whether the loss takes logits."""
        return self.loss is not None and self.loss.from_logits

    @property
    def counts_hits(self):
        """Whether a metric is an accuracy."""
        return any("accuracy" in one for one in self.metrics)

    @property
    def classes(self):
        """How many classes the targets have, 0 where they have none."""
        return 0 if self.targets is None else len(self.targets.classes)


def heads(subject):
    """Returns a list of the `Head`s of a `Subject`, in order of the outputs."""
    if subject not in _known:
        _known[subject] = _heads(subject)
    return _known[subject]


def _heads(subject):
    network, compiled, sample = (
        subject.network,
        subject.compiled,
        subject.sample,
    )
    y = [] if sample is None or sample.y is None else sample.y
    outputs = network.outputs or [None] * max(len(y), 1)
    losses = compiled.loss if compiled is not None else []
    metrics = compiled.metrics if compiled is not None else []
    if len(losses) != len(outputs):
        losses, metrics = [None] * len(outputs), [[]] * len(outputs)
    if len(y) != len(outputs):
        y = [None] * len(outputs)
    found = []
    for place, output in enumerate(outputs):
        where, activation, shape, units = _ending(output)
        facts = None
        if y[place] is not None:
            facts = _facts(sample, place, shape, losses[place])
        reproduces = y[place] is not None and any(
            _alike(one, y[place]) for one in sample.x
        )
        found.append(
            Head(
                where,
                activation,
                shape,
                units,
                losses[place],
                list(metrics[place]),
                y[place],
                facts,
                reproduces,
            )
        )
    return found


def _ending(output):
    """Returns where an output ends, in what activation, shape and units."""
    if output is None:
        return "", None, None, None
    node = output
    while node.kind not in _WITH_KERNEL and node.kind != "activation":
        if node.kind == "normalization":
            name = snake_case(type(node.core).__name__)
            return node.path, name, output.shape, node.units
        if node.kind not in _PASSED or len(node.before) != 1:
            return output.path, None, output.shape, output.units
        node = node.before[0]
    if node.kind == "activation":
        return node.path, node.activation, output.shape, node.units
    # Normalisation and other linear steps lie before an activation's layer.
    return node.path, node.activation or "linear", output.shape, node.units


def _facts(sample, place, shape, loss):
    whole = sample.whole_y[place]
    y = whole if whole.size <= _WHOLE else sample.y[place]
    numbered = loss is not None and loss.name in SPARSE
    class_axis = not numbered if shape is None else y.ndim == len(shape)
    return target_facts(y, class_axis, numbered)


def _alike(x, y):
    """Whether targets are the inputs, perhaps with noise or rescaled."""
    if x.shape != y.shape or x.ndim < 2 or x.dtype.kind not in "biuf":
        return False
    if y.dtype.kind not in "biuf" or x[0].size < 2:
        return False
    a, b = (one.astype("float64").ravel()[:100_000] for one in (x, y))
    if not (a.std() and b.std()):
        return False
    return bool(abs(np.corrcoef(a, b)[0, 1]) > 0.5)

"""One finding of a check: what is wrong, where, and what to write instead."""

import dataclasses

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.kernels.declared_types import require_declared_types

SEVERITIES = ("error", "warning", "advice")
TOPICS = (
    "activation",
    "loss",
    "learning_rate",
    "optimizer",
    "epochs",
    "batch_size",
    "initialization",
    "preprocessing",
    "architecture",
    "normalization",
    "regularization",
    "data",
    "numerics",
)
REPAIR_KINDS = (
    "activation",
    "add_normalization",
    "batch_size",
    "class_weight",
    "clipnorm",
    "constraint",
    "dropout_rate",
    "epochs",
    "from_logits",
    "initializer",
    "learning_rate",
    "loss",
    "metrics",
    "momentum",
    "optimizer",
    "regularizer",
    "remove_layer",
    "scale_targets",
    "shuffle",
    "standardize",
    "targets",
    "trainable",
    "units",
    "use_bias",
)


@dataclasses.dataclass(frozen=True)
class Repair:
    """A change that a program can make, as part of a finding's fix.

    Attributes:
        kind: One of `REPAIR_KINDS`.
        value: What to change it to, such as `"relu"` or `0.001`.
        where: The layer's path, or `""` for the training as a whole.

    Example:

    >>> ktk.diagnostics.Repair("activation", "relu", "hidden").kind
    'activation'
    """

    kind: str
    value: object = None
    where: str = ""

    def __post_init__(self):
        require_declared_types(self)
        require_choice("kind", self.kind, REPAIR_KINDS)


@dataclasses.dataclass(frozen=True)
class Finding:
    """What a check has found.

    Attributes:
        code: Letter of the family and three digits, such as `"L101"`.
        severity: `"error"` (cannot work), `"warning"` (most likely hurts) or
            `"advice"`.
        topic: What the fault is about, one of `TOPICS`.
        where: Path of the layer, or `""` for the training as a whole.
        message: What was seen, with its numbers.
        fix: What to write instead.
        docs: Address of the rule's section in the documentation.
        confidence: From 0 to 1, how likely this is the cause where a network
            does not learn; it orders findings of one severity.
        repairs: Tuple of `Repair`s: the fix for programs. Empty where no
            program could choose it.

    Example:

    >>> model = keras.Sequential(
    ...     [keras.Input((4,)), keras.layers.Dense(1, "softmax", name="head")]
    ... )
    >>> model.compile("adam", "binary_crossentropy")
    >>> finding = ktk.diagnostics.check_model(model).most_likely
    >>> finding.severity, finding.topic, finding.where
    ('error', 'activation', 'head')
    """

    code: str
    severity: str
    topic: str
    where: str
    message: str
    fix: str
    docs: str = ""
    confidence: float = 0.5
    repairs: tuple = ()

    def __post_init__(self):
        if isinstance(self.repairs, (list, tuple)):
            # As JSON has them; a tuple, as a finding can be hashed.
            repairs = tuple(map(_repair, self.repairs))
            object.__setattr__(self, "repairs", repairs)
        require_declared_types(self)
        require_choice("severity", self.severity, SEVERITIES)
        require_choice("topic", self.topic, TOPICS)
        require_number(
            "confidence", self.confidence, "from 0 to 1", lambda v: 0 <= v <= 1
        )

    @property
    def rank(self):
        """What findings are sorted by, the most likely cause first."""
        return SEVERITIES.index(self.severity), -self.confidence, self.code


def _repair(given):
    if isinstance(given, dict):
        return Repair(**given)
    if not isinstance(given, Repair):
        raise bad_type("repairs", given, "`Repair`s")
    return given

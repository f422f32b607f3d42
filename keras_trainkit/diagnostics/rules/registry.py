"""The register of rules: a code, what it needs, and how it is explained."""

import dataclasses
import importlib
import pkgutil
from collections.abc import Callable

from keras_trainkit.diagnostics.finding import Finding

DOCS = (
    "https://github.com/keras-trainkit/keras-trainkit/blob/main/docs/checks.md"
)
# In the order of docs/checks.md.
FAMILIES = {
    "L": "Output and loss",
    "Y": "Labels",
    "A": "Activations",
    "I": "Initialisation",
    "N": "Normalisation",
    "R": "Regularisation",
    "O": "Optimizer, epochs and batches",
    "X": "Data",
    "F": "The first pass",
    "D": "During training",
}
# Of `callbacks.NonFiniteGuard`, which looks at steps: diagnostics/faults.py.
GUARD_CODES = ("G101", "G102", "G103", "G104")
NEEDS = ("graph", "compiled", "sample", "first_pass", "training")

_RULES = {}


@dataclasses.dataclass(frozen=True)
class Rule:
    """A rule that looks at a `Subject` and yields what it finds.

    Attributes:
        code: Letter of the family and three digits.
        name: Short name for headings.
        topic: The topic of its findings, unless one says another.
        severity: Their severity, unless one says another.
        confidence: Their confidence, unless one says another.
        needs: What the subject must have: elements of `NEEDS`.
        bad: Source text that defines a `model` (and perhaps `x`, `y`,
            `batch_size`, `epochs`) in which the rule finds something.
        good: The same, repaired.
        reference: Where the rule comes from.
        look: The function, from a subject to draft findings.
    """

    code: str
    name: str
    topic: str
    severity: str
    confidence: float
    needs: tuple
    bad: str
    good: str
    reference: str
    look: Callable

    @property
    def docs(self):
        """Address of its section in the documentation."""
        return address_of(self.code)

    def findings(self, subject):
        """Returns what the rule finds in a subject, as `Finding`s."""
        if not all(subject.has(need) for need in self.needs):
            return []
        return [self._finding(draft) for draft in self.look(subject)]

    def _finding(self, draft):
        own = {k: v for k, v in draft.items() if v is not None}
        given = {
            "topic": self.topic,
            "severity": self.severity,
            "confidence": self.confidence,
        }
        return Finding(code=self.code, docs=self.docs, **(given | own))


def address_of(code):
    """Returns the address of a code's section in the documentation."""
    return f"{DOCS}#{code.lower()}"


def rule(
    code,
    name,
    topic,
    severity,
    confidence,
    needs=(),
    bad="",
    good="",
    reference="",
):
    """Registers a generator function `look(subject)` as a rule.

    Its docstring explains the rule in docs/checks.md.
    """

    def register(look):
        if code in _RULES and _RULES[code].look.__module__ != look.__module__:
            raise ValueError(f"Two rules have the code {code}.")
        _RULES[code] = Rule(
            code,
            name,
            topic,
            severity,
            confidence,
            tuple(needs),
            bad,
            good,
            reference,
            look,
        )
        return look

    return register


def found(
    where,
    message,
    fix,
    repairs=(),
    severity=None,
    confidence=None,
    topic=None,
):
    """Returns a draft of a finding; the rule it is yielded by adds the rest.

    Args:
        where: Path of the layer, or `""`.
        message: What was seen, with its numbers.
        fix: What to write instead.
        repairs: Sequence of `Repair`s. Defaults to none.
        severity: Another than the rule's. Defaults to the rule's.
        confidence: Another than the rule's. Defaults to the rule's.
        topic: Another than the rule's. Defaults to the rule's.
    """
    return {
        "where": where,
        "message": message,
        "fix": fix,
        "repairs": tuple(repairs),
        "severity": severity,
        "confidence": confidence,
        "topic": topic,
    }


def rules():
    """Returns all rules, in the order of the documentation."""
    package = importlib.import_module(__package__)
    for module in pkgutil.walk_packages(package.__path__, f"{__package__}."):
        importlib.import_module(module.name)
    order = list(FAMILIES)
    return sorted(
        _RULES.values(), key=lambda one: (order.index(one.code[0]), one.code)
    )


def known_codes():
    """Returns the codes that findings have."""
    return [*(one.code for one in rules()), *GUARD_CODES]

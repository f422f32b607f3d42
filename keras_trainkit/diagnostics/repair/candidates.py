"""What is tried on a model: fixes of its findings, and the usual remedies."""

from keras_trainkit.diagnostics.repair.apply_repairs import contradict
from keras_trainkit.diagnostics.repair.apply_repairs import planned
from keras_trainkit.diagnostics.repair.apply_repairs import together
from keras_trainkit.diagnostics.repair.candidate import Candidate
from keras_trainkit.diagnostics.repair.remedies import remedies


def candidates(patient, report):
    """Returns the `Candidate`s, the most plausible first.

    Args:
        patient: A `Patient`.
        report: A `Report` on it.
    """
    serious, advice = [], []
    for one in report.findings:
        if one.repairs:
            name = f"{one.code} {_words(one.repairs)}"
            group = advice if one.severity == "advice" else serious
            group.append(Candidate(name, one.repairs))
    usual = remedies(patient)
    together = [one for one in serious if _can_be_made(patient, one)]
    listed = [
        joined("all errors and warnings", together)
        or next(iter(serious), None),
        joined("all usual remedies", [one for one in usual if one.sound]),
        *serious,
        *usual,
        *advice,
    ]
    return unlike(one for one in listed if one is not None)


def _can_be_made(patient, candidate):
    """Whether repairs can be noted; those that cannot be say so themselves."""
    try:
        planned(patient, candidate.repairs)
    except (TypeError, ValueError):
        return False
    return True


def joined(name, some):
    """Returns one candidate of several, or `None` of fewer than two.

    What contradicts one before it is left out.
    """
    repairs = ()
    for one in some:
        if not contradict(repairs, one.repairs):
            repairs = together(repairs, one.repairs)
    return Candidate(name, repairs) if len(some) > 1 else None


def unlike(some):
    """Returns the candidates without repetitions."""
    found = {}
    for one in some:
        key = frozenset((r.kind, r.where, repr(r.value)) for r in one.repairs)
        found.setdefault(key, one)
    return list(found.values())


def _words(repairs):
    """Returns repairs in a few words."""
    groups = {}
    for one in repairs:
        groups.setdefault((one.kind, repr(one.value)), one)
    words = []
    for one in groups.values():
        name = one.kind.replace("_", " ")
        value = "" if one.value is None else f" {_shown(one.value)}"
        words.append(f"{name}{value}")
    return ", ".join(words)


def _shown(value):
    if isinstance(value, float):
        return f"{value:g}"
    return str(value) if isinstance(value, (str, int)) else type(value).__name__

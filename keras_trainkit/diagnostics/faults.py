"""Findings of a training with batches that were not finite."""

from keras_trainkit.diagnostics.finding import Finding
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.report import Report
from keras_trainkit.diagnostics.rules.registry import address_of

# What was not finite: code, what to call it, topic, what to do.
_KINDS = {
    "data": (
        "G104",
        "the data",
        "data",
        "Find the rows with `~np.isfinite(x).all(axis=1)`, and leave them out "
        "or fill them in before `fit`.",
    ),
    "loss": (
        "G101",
        "the loss",
        "numerics",
        "Take a learning rate of a tenth, `clipnorm=1.0` in the optimizer, and "
        "a loss that is computed from logits (`from_logits=True`) in place of "
        "a logarithm of probabilities.",
    ),
    "gradient": (
        "G102",
        "a gradient",
        "numerics",
        "Take `clipnorm=1.0` in the optimizer; look for a square root, a "
        "logarithm or a division at 0 in the model and in the loss.",
    ),
    "statistics": (
        "G103",
        "a statistic of a layer",
        "numerics",
        "Scale the inputs: a moving mean or variance has overflowed.",
    ),
}


def fault_report(faults, stopped):
    """Returns a `Report` on batches that were not finite.

    Args:
        faults: List of dictionaries, one for each call of the train function
            with such batches: `epoch`, `batch` (the last one of the call),
            `kinds` (names of what was not finite), `undone` (how many
            batches), `rates` (the learning rate before and after, in words,
            or `None`) and `restored` (whether an older state was put back).
        stopped: Whether the training was stopped for them.
    """
    findings = []
    for kind, (code, name, topic, fix) in _KINDS.items():
        of_kind = [fault for fault in faults if _cause(fault) == kind]
        if of_kind:
            findings.append(
                Finding(
                    code=code,
                    severity="error" if stopped else "warning",
                    topic=topic,
                    where="",
                    message=_message(name, of_kind, stopped),
                    fix=fix,
                    docs=address_of(code),
                    confidence=0.9,
                    repairs=_repairs(kind),
                )
            )
    return Report(findings)


def guard_codes():
    """Returns `[(code, what was not finite, topic, what to do)]`, in order."""
    return sorted(_KINDS.values())


def fault_in_words(fault):
    """Returns a line on one fault."""
    name = _KINDS[_cause(fault)][1]
    text = f"epoch {fault['epoch']}, batch {fault['batch']}: {name} was not "
    text += f"finite; {_batches(fault['undone'])} undone"
    if fault["restored"]:
        text += ", the state of an earlier epoch put back"
    if fault["rates"]:
        text += ", learning rate from {} to {}".format(*fault["rates"])
    return text


def _cause(fault):
    # The first that is known to come before the others.
    return next(kind for kind in _KINDS if kind in fault["kinds"])


def _message(name, faults, stopped):
    places = [f"{f['epoch']}/{f['batch']}" for f in faults]
    shown = ", ".join(places[:5]) + (", ..." if len(places) > 5 else "")
    undone = sum(fault["undone"] for fault in faults)
    text = (
        f"At epoch/batch {shown} (counted from 0) {name} was NaN or infinite; "
        f"{_batches(undone)} undone."
    )
    rates = [fault["rates"] for fault in faults if fault["rates"]]
    if rates:
        text += f" The learning rate went from {rates[0][0]} to {rates[-1][1]}."
    if any(fault["restored"] for fault in faults):
        text += " The state from before the epoch was put back."
    if stopped:
        text += " The training was stopped there, with finite weights."
    return text


def _batches(count):
    return f"{count} batch was" if count == 1 else f"{count} batches were"


def _repairs(kind):
    if kind in ("loss", "gradient"):
        return (Repair("clipnorm", 1.0),)
    return ()

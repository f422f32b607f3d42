"""What the rules that look at the program itself say of a subject."""

from keras_trainkit.diagnostics.rules.registry import rules

# These look at what comes out, and so see the faults that others name.
_SYMPTOMS = ("F", "D")


def told_by_others(subject, topics, before=()):
    """Whether a cause has been named, so that its symptom need not be.

    Args:
        subject: A `Subject`.
        topics: Topics that would be the cause of what was seen; an error of
            any topic counts, too.
        before: Codes of rules on the same symptoms that come first: any
            finding of theirs counts. Defaults to none.
    """
    for rule in rules():
        if rule.code in before and rule.findings(subject):
            return True
        if rule.code[0] not in _SYMPTOMS:
            for finding in rule.findings(subject):
                near = finding.topic in topics
                if finding.severity == "error":
                    return True
                if finding.severity == "warning" and near:
                    return True
    return False

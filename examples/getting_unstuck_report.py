"""The table that `getting_unstuck.py` prints."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Result:
    """What became of one patient.

    Attributes:
        patient: The `Patient`.
        finding: The most likely cause that was named, or `None`.
        before: Its score with each seed.
        after: That of the copy with the finding's repairs.
    """

    patient: object
    finding: object
    before: list
    after: list

    @property
    def named(self):
        """Whether the cause that was named is what was broken."""
        return (
            self.finding is not None
            and self.finding.topic in self.patient.topics
        )

    @property
    def improved(self):
        """Whether the repaired copy is better on the mean of the seeds."""
        return bool(self.after) and np.mean(self.after) > np.mean(self.before)


def table(results):
    """Returns results as a table of Markdown, and a sentence on them.

    Args:
        results: List of `Result`s.
    """
    lines = [
        "| broken by | named | the fix it prints | before | after |",
        "|---|---|---|---|---|",
        *(_row(one) for one in results),
        "",
        f"The fault was named in {sum(one.named for one in results)} of "
        f"{len(results)}, and the fix that was printed raised the score in "
        f"{sum(one.improved for one in results)}.",
    ]
    return "\n".join(lines)


def _row(result):
    finding = result.finding
    named, fix = "nothing", ""
    if finding is not None:
        wrong = "" if result.named else " (wrong)"
        named = f"{finding.code} {finding.topic}{wrong}"
        fix = " ".join(finding.fix.replace("|", "\\|").split())
    after = f"{np.mean(result.after):.3f}" if result.after else "not tried"
    before = f"{np.mean(result.before):.3f}"
    cells = (result.patient.fault, named, fix, before, after)
    return f"| {' | '.join(cells)} |"

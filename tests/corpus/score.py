"""How well a checker does on the corpus, counted.

A checker is a function of a `Program` that returns findings, the most likely
cause first. A finding has `severity` ("error", "warning" or "advice"),
`topic`, and `where` (a path of layer names, such as "model/dense").
"""

import collections
import dataclasses

ALARMS = ("error", "warning")


@dataclasses.dataclass(frozen=True)
class FaultScore:
    """Whether one planted fault was found.

    Args:
        program, family: Names of the program and of its family.
        fault: The `Fault`.
        hit: A finding of a right topic; an alarm unless the fault is mild.
        layer: Whether a hit names the fault's layer; None if it has none.
        first: Whether the first finding of all has a right topic.
    """

    program: str
    family: str
    fault: object
    hit: bool
    layer: bool | None
    first: bool


@dataclasses.dataclass(frozen=True)
class AlarmScore:
    """How often a program without a fault was called broken."""

    program: str
    errors: int
    warnings: int


def score_faults(programs, check, families=None, advice=False):
    """Returns a `FaultScore` for each fault of each program.

    Args:
        programs: `{name: function that returns a Program}`.
        check: Returns the findings on a `Program`.
        families: `{name: family}`; without it, each program is its own.
        advice: Whether a piece of advice finds a fault that is not mild.
    """
    scores = []
    for name, build in programs.items():
        program = build()
        findings = check(program)
        family = name if families is None else families[name]
        scores += [
            _fault_score(name, family, fault, findings, advice)
            for fault in program.faults
        ]
    return scores


def _fault_score(name, family, fault, findings, advice):
    severities = (*ALARMS, "advice") if fault.mild or advice else ALARMS
    hits = [
        finding
        for finding in findings
        if finding.topic in fault.topics and finding.severity in severities
    ]
    layer = None
    if fault.where:
        layer = any(fault.where in hit.where.split("/") for hit in hits)
    first = bool(findings) and findings[0].topic in fault.topics
    return FaultScore(name, family, fault, bool(hits), layer, first)


def score_alarms(programs, check):
    """Returns an `AlarmScore` for each sound or repaired program."""
    scores = []
    for name, build in programs.items():
        seen = collections.Counter(f.severity for f in check(build()))
        scores.append(AlarmScore(name, seen["error"], seen["warning"]))
    return scores


def share(values):
    """Returns the share of true values among those that are not None."""
    known = [bool(value) for value in values if value is not None]
    return sum(known) / len(known) if known else float("nan")


def programs_named(scores):
    """Returns `{program: whether at least one of its faults was found}`."""
    named = {}
    for score in scores:
        named[score.program] = named.get(score.program, False) or score.hit
    return named


def missed(scores):
    """Returns the `FaultScore`s of what was not found."""
    return [score for score in scores if not score.hit]


def alarms_per_program(scores):
    """Returns the mean number of errors and warnings."""
    return sum(s.errors + s.warnings for s in scores) / len(scores)


def fault_table(scores):
    """Returns a table: per family, faults found, right layer, first."""
    families = dict.fromkeys(score.family for score in scores)
    groups = {f: [s for s in scores if s.family == f] for f in families}
    lines = [f"{'family':24}{'faults':>8}{'found':>8}{'layer':>8}{'first':>8}"]
    for family, group in [*groups.items(), ("all", scores)]:
        lines.append(
            f"{family:24}{len(group):8}"
            f"{share(s.hit for s in group):8.0%}"
            f"{share(s.layer for s in group):8.0%}"
            f"{share(s.first for s in group):8.0%}"
        )
    return "\n".join(lines)


def alarm_table(scores):
    """Returns a table of the programs with an error or a warning."""
    lines = [f"{'program':40}{'errors':>8}{'warnings':>10}"]
    lines += [
        f"{s.program:40}{s.errors:8}{s.warnings:10}"
        for s in scores
        if s.errors or s.warnings
    ]
    errors = sum(s.errors for s in scores)
    warnings = sum(s.warnings for s in scores)
    lines.append(f"{f'all {len(scores)}':40}{errors:8}{warnings:10}")
    return "\n".join(lines)

"""What to try next with a network that does not learn."""

import html
import textwrap

from keras_trainkit.diagnostics.report import Report
from keras_trainkit.diagnostics.steps.procedure import PROCEDURE
from keras_trainkit.diagnostics.steps.procedure import Step
from keras_trainkit.diagnostics.steps.signs import SIGNS
from keras_trainkit.diagnostics.steps.signs import curves_of
from keras_trainkit.diagnostics.steps.signs import signs_in
from keras_trainkit.kernels.argument_checks import bad_type

_WIDTH = 80
_FIELDS = ("what", "why", "code", "expect")
_EXPECT = {
    "error": "The network learns, where it could not before.",
    "warning": "A faster or deeper fall of the loss.",
    "advice": "Little, in most networks.",
}


def next_steps(report, history=None):
    """Lists the experiments to make next, the most promising first.

    First the fixes of what was found, errors before warnings; then the usual
    procedure for a network that does not learn, ordered by what the findings
    are about and by what the curves show; advice comes last. One change at a
    time tells what helped; `try_fixes` makes the changes by itself.

    Args:
        report: The `Report` of `check_model` or of `TrainingDoctor`.
        history: What `fit` returned, or its dict of curves. Defaults to
            `None`: the curves of the report, if it has some.

    Returns:
        A `NextSteps`: a list of steps, each with `name`, `what`, `why`, the
        lines of `code` to run (with your `model`, `x`, `y` and `report`), the
        change to `expect`, and `finding`, the code of the finding that it is
        the fix of. As a string a numbered table.

    Raises:
        TypeError: If `report` is no `Report`, or `history` has no curves.
        ValueError: If `history` has no loss.

    Example:

    >>> model = keras.Sequential(
    ...     [keras.Input((4,)), keras.layers.Dense(1, activation="softmax")]
    ... )
    >>> model.compile("adam", "binary_crossentropy")
    >>> report = ktk.diagnostics.check_model(model)
    >>> steps = ktk.diagnostics.next_steps(
    ...     report, {"loss": [0.7] * 9, "accuracy": [0.5] * 9}
    ... )
    >>> steps[0].finding, steps[1].name
    ('L103', 'overfit one batch')
    """
    if not isinstance(report, Report):
        raise bad_type("report", report, "a Report of `check_model`")
    given = history if history is not None else report.curves or None
    signs = signs_in(curves_of(given))
    found = [_fix_of(one) for one in report.findings]
    serious = [one for one in report.findings if one.severity != "advice"]
    return NextSteps(
        [
            *found[: len(serious)],
            *_procedure({one.topic for one in serious}, signs),
            *found[len(serious) :],
        ],
        [SIGNS[name] for name in signs],
    )


class NextSteps(list):
    """A list of `Step`s that prints as a numbered table.

    Attributes:
        seen: List of sentences: what the curves show.
    """

    def __init__(self, steps, seen=()):
        super().__init__(steps)
        self.seen = list(seen)

    def __str__(self):
        lines = [" ".join(self.seen)] if self.seen else []
        for place, step in enumerate(self, 1):
            lines += (
                ["", f"{place}. {step.name}"]
                if lines
                else [f"{place}. {step.name}"]
            )
            for field in _FIELDS:
                lines += _shown(field, getattr(step, field))
        return "\n".join(lines)

    def __repr__(self):
        return str(self)

    def _repr_html_(self):
        head = "".join(f"<th>{name}</th>" for name in ("name", *_FIELDS))
        rows = "".join(
            f"<tr>{''.join(_cell(step, name) for name in ('name', *_FIELDS))}"
            "</tr>"
            for step in self
        )
        seen = html.escape(" ".join(self.seen))
        return f"<p>{seen}</p><table><tr>{head}</tr>{rows}</table>"


def _fix_of(finding):
    code = f'print(report.select("{finding.code}"))'
    if finding.repairs:
        own = any(one.kind == "epochs" for one in finding.repairs)
        code = (
            "ktk.diagnostics.apply_repairs(\n"
            f'    model, report.select("{finding.code}"), x, y\n'
            f").fit({'' if own else 'epochs=10'})"
        )
    where = f" {finding.where}" if finding.where else ""
    return Step(
        f"{finding.code} [{finding.topic}]{where}",
        finding.fix,
        finding.message,
        code,
        _EXPECT[finding.severity],
        finding.code,
    )


def _procedure(topics, signs):
    """Returns the steps: those that most speaks for first, else in order."""

    def support(experiment):
        by_curves = sum(one in signs for one in experiment.signs)
        return 2 * by_curves + sum(one in topics for one in experiment.topics)

    return [one.step for one in sorted(PROCEDURE, key=lambda e: -support(e))]


def _shown(field, text):
    head = f"   {field + ':':8}"
    if field == "code":
        return [f"   {line}" for line in text.splitlines()]
    return [
        line
        for place, paragraph in enumerate(text.splitlines())
        for line in textwrap.wrap(
            paragraph,
            _WIDTH,
            initial_indent=head if place == 0 else " " * len(head),
            subsequent_indent=" " * len(head),
            break_long_words=False,
            break_on_hyphens=False,
        )
    ]


def _cell(step, field):
    text = html.escape(getattr(step, field))
    return f"<td>{f'<pre>{text}</pre>' if field == 'code' else text}</td>"

import json

import pytest

from keras_trainkit.diagnostics.finding import Finding
from keras_trainkit.diagnostics.report import Report

pytestmark = pytest.mark.one_backend

LINE = 'model.compile("adam", loss="mse")'
ADVICE = Finding("A101", "advice", "activation", "a", "seen <b>", "do")
WARNING = Finding("L101", "warning", "loss", "b", "seen " * 40, LINE)
ERROR = Finding("L102", "error", "loss", "", "seen", "do", confidence=0.1)
REPORT = Report([ADVICE, WARNING, ERROR], {"model": "m"})


def codes(report):
    return [one.code for one in report.findings]


def test_the_most_likely_cause_comes_first():
    assert codes(REPORT) == ["L102", "L101", "A101"]
    assert REPORT.most_likely is ERROR
    assert Report([]).most_likely is None


def test_findings_may_come_one_by_one():
    report = Report(
        (one for one in [ADVICE, ERROR]), marks=zip([1], ["L102"], strict=True)
    )
    assert codes(report) == ["L102", "A101"]
    assert report.marks == [(1, "L102")]


@pytest.mark.parametrize(
    "findings, ok",
    [([], True), ([ADVICE], True), ([WARNING], False), ([ERROR], False)],
)
def test_advice_alone_is_well(findings, ok):
    assert Report(findings).ok is ok


@pytest.mark.parametrize(
    "some, selected, left",
    [
        (["L"], ["L102", "L101"], ["A101"]),
        (["L101", "A"], ["L101", "A101"], ["L102"]),
        (["I"], [], ["L102", "L101", "A101"]),
    ],
)
def test_codes_and_their_beginnings_choose(some, selected, left):
    assert codes(REPORT.select(*some)) == selected
    assert codes(REPORT.ignore(*some)) == left


@pytest.mark.parametrize("code", ["Q1", "", "l101"])
def test_unknown_codes_are_refused(code):
    with pytest.raises(ValueError, match="`codes` must be a code"):
        REPORT.select(code)
    with pytest.raises(TypeError, match="`codes` must be a code"):
        REPORT.ignore(101)


def test_as_text_lines_stay_on_the_screen_and_code_in_one_piece():
    lines = str(REPORT).splitlines()
    assert lines[0] == (
        "1 error, 1 warning, 1 advice; the most likely cause comes first."
    )
    assert max(map(len, lines)) <= 80
    assert f"  Fix: {LINE}" in lines
    assert str(Report([])) == "Nothing found."


def test_json_holds_every_finding():
    read = json.loads(REPORT.to_json())
    assert read["ok"] is False
    assert read["summary"] == {"model": "m"}
    assert [one["code"] for one in read["findings"]] == codes(REPORT)
    assert read["findings"][0] == {
        "severity": "error",
        "code": "L102",
        "topic": "loss",
        "where": "",
        "message": "seen",
        "fix": "do",
        "docs": "",
        "confidence": 0.1,
    }


def test_a_notebook_shows_text_as_text():
    assert "seen &lt;b&gt;" in REPORT._repr_html_()
    assert Report([])._repr_html_() == "<p>Nothing found.</p>"


def test_only_errors_raise():
    Report([WARNING, ADVICE]).raise_for_errors()
    with pytest.raises(ValueError, match="L102"):
        REPORT.raise_for_errors()

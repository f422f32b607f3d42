"""A pytest plugin: nothing is skipped for a reason that nobody wrote down.

With `KTK_STRICT_SKIPS=1`, as nox and `.ci/run` set it, a session fails when a
skip's or an xfail's reason is missing from `tests/allowed_skips.txt`.
"""

import os
from pathlib import Path

import pytest

ALLOWED = Path(__file__).parents[1] / "allowed_skips.txt"
UNLISTED = pytest.StashKey[list]()


def allowed_reasons(text):
    """Returns the reasons in `text`: one a line, `#` starts a comment line."""
    lines = (line.strip() for line in text.splitlines())
    return {line for line in lines if line and not line.startswith("#")}


def reason_of(report):
    """Returns the reason of a skipped or xfailed test's report."""
    if hasattr(report, "wasxfail"):
        return report.wasxfail.removeprefix("reason: ").strip()
    reason = report.longrepr
    if isinstance(reason, tuple):
        reason = reason[2]
    return str(reason).removeprefix("Skipped: ").strip()


def unlisted(reports, allowed):
    """Returns `(test, reason)` of those reports whose reason is not allowed."""
    found = [(report.nodeid, reason_of(report)) for report in reports]
    return [(test, reason) for test, reason in found if reason not in allowed]


def pytest_sessionfinish(session):
    if os.environ.get("KTK_STRICT_SKIPS") != "1":
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return  # pytest -p no:terminal
    reports = [
        *reporter.stats.get("skipped", []),
        *reporter.stats.get("xfailed", []),
    ]
    found = unlisted(reports, allowed_reasons(ALLOWED.read_text("utf-8")))
    session.config.stash[UNLISTED] = found
    if found and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    found = config.stash.get(UNLISTED, [])
    if found:
        terminalreporter.section("skips that are not listed", red=True)
    for test, reason in found:
        terminalreporter.line(f"{test}: {reason}")
    if found:
        terminalreporter.line(f"List the reason in {ALLOWED}, or run the test.")

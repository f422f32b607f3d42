"""The table of tested versions is what the sessions have noted."""

import pytest

from tests.helpers.examples import ROOT
from tests.helpers.examples import load_script

pytestmark = pytest.mark.one_backend
script = load_script(ROOT / "docs" / "tested_versions.py")
INSTALLED = {
    "python": "3.11.7",
    "keras": "3.15.1",
    "jax": "0.10.2",
    "torch": "2.13.0",
    "numpy": "2.4.6",
}


def noted(stored, session="tests", backends=("jax",), day="01", **versions):
    today = f"2026-11-{day}"
    return script.note(
        stored, session, backends, {**INSTALLED, **versions}, today
    )


def test_the_page_shows_what_is_stored():
    text = script.PAGE.read_text("utf-8")
    assert script.with_table(text, script.read()) == text


def test_the_stored_notes_are_in_order():
    stored = script.read()
    assert stored == sorted(stored, key=script._key)
    assert all(set(one["backends"]) <= set(script.BACKENDS) for one in stored)


def test_a_row_has_what_ran():
    (head, _, row) = script.table(noted([], backends=("torch", "jax")))
    assert head.count("|") == row.count("|")
    assert row == (
        "| `nox -s tests` | 3.11.7 | 3.15.1 | | 0.10.2 | 2.13.0 | 2.4.6 "
        "| 2026-11-01 |"
    )


def test_where_nothing_is_noted_the_page_says_so():
    text = "<!-- versions -->\n<!-- end -->"
    shown = script.with_table(text, [])
    assert "\n\nNo session has been noted yet.\n\n" in shown
    filled = script.with_table(shown, noted([]))
    assert "No session" not in filled and "3.15.1" in filled


def test_what_is_installed_but_did_not_run_is_not_shown():
    *_, row = script.table(noted([], backends=("jax",)))
    assert "2.13.0" not in row


def test_the_nightly_package_is_the_keras_that_ran():
    *_, row = script.table(noted([], **{"keras-nightly": "3.16.0.dev1"}))
    assert "3.16.0.dev1" in row and "3.15.1" not in row


def test_a_later_run_takes_the_place_of_an_earlier_one():
    stored = noted(noted([]), day="02", jax="0.11.0")
    assert [one["date"] for one in stored] == ["2026-11-02"]


@pytest.mark.parametrize(
    "other",
    [{"session": "lowest"}, {"backends": ("torch",)}, {"python": "3.12.1"}],
    ids=str,
)
def test_another_run_has_a_row_of_its_own(other):
    stored = noted(noted([]), **other)
    assert len(stored) == 2
    assert noted(stored, **other) == stored


def test_what_is_installed_here_is_read():
    found = script.installed()
    assert {"python", "keras", "numpy"} <= set(found)


def test_a_page_without_a_place_is_refused():
    with pytest.raises(ValueError, match="no place"):
        script.with_table("# Page\n", [])


def test_the_lowest_versions_on_the_page_are_those_of_setup_cfg():
    setup = (ROOT / "setup.cfg").read_text("utf-8")
    page = " ".join(script.PAGE.read_text("utf-8").split())
    keras = setup.partition("keras>=")[2].split()[0]
    python = setup.partition("python_requires = >=")[2].split()[0]
    assert f"The lowest Keras is {keras}, the lowest Python {python}." in page

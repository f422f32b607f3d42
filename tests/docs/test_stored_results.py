"""The tables of results on the pages are those stored in benchmarks/results."""

import re

import pytest

from tests.helpers.examples import ROOT
from tests.helpers.examples import load_script

pytestmark = pytest.mark.one_backend
script = load_script(ROOT / "benchmarks" / "stored_results.py")
TABLES = script.stored()
SHOWN_ON = sorted({page for table in TABLES for page in table.pages})
PAGES = ["README.md", "benchmarks/README.md"] + sorted(
    path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/*.md")
)
# A mean with its spread, a median with its quartiles, in the cell of a table.
MEASURED = re.compile(r"^\|.*\d\.\d+ (?:±|\+-|\(\d)", re.MULTILINE)


def text_of(page):
    return (ROOT / page).read_text("utf-8")


def tables_on(page):
    return [table for table in TABLES if page in table.pages]


@pytest.mark.parametrize("page", SHOWN_ON)
def test_the_page_shows_what_is_stored(page):
    assert script.with_tables(text_of(page), tables_on(page)) == text_of(page)


@pytest.mark.parametrize("page", PAGES)
def test_no_page_has_figures_of_its_own(page):
    stored = {line for table in tables_on(page) for line in table.lines()}
    lines = text_of(page).splitlines()
    measured = [line for line in lines if MEASURED.match(line)]
    assert [line for line in measured if line not in stored] == []


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.title)
def test_the_table_says_how_it_was_measured(table):
    assert table.device.startswith(("CPU", "NVIDIA", "AMD", "TPU"))
    assert table.figures
    scripts = [re.search(r"python (\S+\.py)", c)[1] for c in table.commands]
    assert scripts
    assert [path for path in scripts if not (ROOT / path).is_file()] == []


def test_titles_tell_tables_apart():
    told = [(table.title, table.device) for table in TABLES]
    assert len(told) == len(set(told))


OLD = "| a | b |\n|---|---|\n| 1 | 2 |\n"


def table(rows, columns=("a", "b")):
    return script.Table(
        subject="planted",
        title="Planted",
        pages=["docs/layers.md"],
        commands=["python benchmarks/fold.py"],
        device="CPU",
        figures="counted",
        columns=list(columns),
        rows=rows,
    )


def test_a_table_is_written_anew():
    text = f"Above.\n\n{OLD}\nBelow.\n"
    new = script.with_tables(text, [table([["1", ""], ["3", "4"]])])
    assert new == (
        "Above.\n\n| a | b |\n|---|---|\n| 1 | |\n| 3 | 4 |\n\nBelow.\n"
    )


def test_tables_with_equal_columns_keep_their_order():
    text = f"{OLD}\n{OLD}"
    new = script.with_tables(text, [table([["5", "6"]]), table([["7", "8"]])])
    assert re.findall(r"\d", new) == ["5", "6", "7", "8"]


def test_a_table_that_is_not_on_the_page_is_an_error():
    with pytest.raises(ValueError, match="a page with 1"):
        script.with_tables(OLD, [table([]), table([])])


def test_a_row_of_another_length_is_an_error():
    with pytest.raises(ValueError, match="expected 2 cells"):
        table([["1"]])

"""Home, guide, gallery and figures hold what they are made from."""

import guide
import home
import pytest
from links import ROOT
from stored_results import stored

from tests.helpers import built_site

DOCS = sorted(path.name for path in (ROOT / "docs").glob("*.md"))
EXAMPLES = [
    path.stem
    for path in sorted((ROOT / "examples").glob("*.py"))
    if "__main__" in path.read_text("utf-8")
]


def text_of(page):
    return " ".join("".join(built_site.read(page).text).split())


@pytest.mark.parametrize("name", [d for d in DOCS if d != "README.md"])
def test_the_page_is_in_one_chapter(name):
    chapters = guide.chapters()
    assert [name in pages for pages in chapters.values()].count(True) == 1


def test_the_guide_goes_from_one_line_to_internals():
    first, *_, last = guide.chapters()
    assert (first, last) == ("In one line", "Internals")


def test_home_is_the_first_screen_of_the_readme():
    start = (ROOT / "README.md").read_text("utf-8").split("\n## ")[0]
    snippet = start.split("```python\n")[1].split("```")[0]
    assert " ".join(snippet.split()) in text_of("index.html")


def test_home_shows_its_picture_and_its_links():
    page = built_site.read("index.html")
    assert "_images/learning_rate_and_momentum.png" in page.targets
    assert {"guide/one_cycle.html", "figures/index.html"} <= page.targets
    assert {"guide/coming_from.html", "guide/techniques.html"} <= page.targets


def test_home_leads_to_every_part():
    links = built_site.read("index.html").targets
    assert {f"{page}.html" for page in home.PARTS} <= links


@pytest.mark.parametrize("script", EXAMPLES)
def test_the_gallery_has_the_example(script):
    page = built_site.read("gallery/index.html")
    assert f"python examples/{script}.py" in text_of("gallery/index.html")
    assert f"{script}.html" in page.targets
    assert f"examples/{script}.py" in text_of(f"gallery/{script}.html")


@pytest.mark.parametrize("table", stored(), ids=lambda table: table.title)
def test_the_figures_are_there(table):
    shown = text_of("figures/index.html")
    assert table.device in shown
    assert [cmd for cmd in table.commands if cmd not in shown] == []
    numbers = [cell for cell in table.rows[0][1:] if cell.isascii()]
    plain = [cell for cell in numbers if not set(cell) & set("*`[_\\\"'")]
    assert [cell for cell in plain if cell not in shown] == []

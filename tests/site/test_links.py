"""Every internal link of every page leads to a page, and to its anchor."""

import pytest

from tests.helpers import built_site

PAGES = built_site.pages()


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    assert built_site.dead_links(page) == []


@pytest.mark.parametrize("page", PAGES)
def test_no_link_is_left_as_text(page):
    assert built_site.links_left_as_text(page) == []


@pytest.mark.parametrize(
    "html, left",
    [
        ("<p>[a page][b]</p>", ["]["]),
        ("<p>[b]: c.md</p>", ["]: "]),
        ("<p>[a](b.md)</p>", ["]("]),
        ("<p>[Unreleased], 2 [x]</p>", []),
        ("<p><code>a[0][1]</code> <b>x</b></p><pre>[a](b)</pre>", []),
    ],
)
def test_a_planted_text(html, left, tmp_path, monkeypatch):
    monkeypatch.setattr(built_site, "SITE", tmp_path)
    # Its name is like no other's: pages are read once.
    name = f"{tmp_path.name}.html"
    (tmp_path / name).write_text(html, "utf-8")
    assert built_site.links_left_as_text(name) == left


@pytest.mark.parametrize(
    "target, dead",
    [
        ("one_cycle.html", False),
        ("one_cycle.html#the-forms", False),
        ("../api/callbacks.OneCycle.html", False),
        ("one_cycle.html#no-such-heading", True),
        ("no_such_page.html", True),
        ("../guide/", True),
    ],
)
def test_a_planted_link(target, dead, monkeypatch):
    page = "guide/schedules.html"
    monkeypatch.setattr(built_site.read(page), "targets", {target})
    assert built_site.dead_links(page) == ([target] if dead else [])


def test_nothing_is_loaded_from_elsewhere():
    loaded = {
        target
        for page in PAGES
        for target in built_site.read(page).targets
        if target.startswith(("http", "//"))
        and target.endswith((".js", ".css", ".png", ".svg", ".woff2"))
    }
    assert loaded == set()

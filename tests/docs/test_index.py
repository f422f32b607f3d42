"""docs/README.md lists every page, and its links lead somewhere."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.one_backend
DOCS = Path(__file__).parents[2] / "docs"
LINKS = re.findall(r"\]\((\S+?)\)", (DOCS / "README.md").read_text("utf-8"))


@pytest.mark.parametrize(
    "page", sorted(p.name for p in DOCS.glob("*.md") if p.name != "README.md")
)
def test_the_page_is_listed(page):
    assert page in LINKS


@pytest.mark.parametrize("link", LINKS)
def test_the_link_leads_somewhere(link):
    assert (DOCS / link).is_file()

"""The user guide: today's pages, in the chapters that docs/README.md names."""

import re

from links import ROOT
from links import for_the_site
from links import page_of

INDEX = "docs/README.md"


def chapters():
    """Returns `{chapter: [page, ...]}` in the order of docs/README.md."""
    _, *parts = re.split(r"^## ", (ROOT / INDEX).read_text("utf-8"), flags=re.M)
    found = {}
    for part in parts:
        title, _, body = part.partition("\n")
        pages = re.findall(r"^\| \[[^]]+\]\(([\w.]+)\)", body, re.M)
        if pages:
            found[title.strip()] = pages
    return found


def pages():
    """Returns `{path: Markdown}` of the guide and its table of contents."""
    found = {
        page_of(f"docs/{path.name}"): for_the_site(
            path.read_text("utf-8"), f"docs/{path.name}"
        )
        for path in sorted((ROOT / "docs").glob("*.md"))
    }
    found[page_of(INDEX)] += "\n" + "\n".join(
        _toctree(chapter, names) for chapter, names in chapters().items()
    )
    return found


def _toctree(chapter, names):
    # What has a place of its own in the site's header is no page of the guide.
    own = [n for n in names if page_of(f"docs/{n}").startswith("guide/")]
    lines = ["```{toctree}", ":hidden:", f":caption: {chapter}", "", *own]
    return "\n".join([*lines, "```", ""])

"""All pages of the site, written into one folder."""

import explained
import figures
import gallery
import guide
import home
import reference
from links import PAGES
from links import ROOT
from links import for_the_site

# Files that are a page each, as they stand.
AS_THEY_STAND = ("CHANGELOG.md", "CONTRIBUTING.md", "benchmarks/README.md")


def pages():
    """Returns `{path: Markdown}` of the whole site."""
    taken = {
        PAGES[path]: for_the_site((ROOT / path).read_text("utf-8"), path)
        for path in AS_THEY_STAND
    }
    api = reference.pages(explained.line, explained.known_as)
    made = {PAGES["README.md"]: home.page()}
    return (
        taken | made | guide.pages() | gallery.pages() | figures.pages() | api
    )


def write(folder):
    """Writes all pages and pictures into a folder, and removes what is old.

    What has not changed is left alone, so Sphinx builds it once.
    """
    wanted = {folder / path: text.encode() for path, text in pages().items()}
    for picture in (ROOT / "docs" / "images").glob("*.png"):
        wanted[folder / "images" / picture.name] = picture.read_bytes()
    for path in folder.rglob("*.*"):
        if path not in wanted:
            path.unlink()
    for path, content in wanted.items():
        if not path.exists() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

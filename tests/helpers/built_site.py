"""The built site, read: pages, anchors, links, and the index of the search."""

import functools
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote
from urllib.parse import urldefrag

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "site"


def pages():
    """Returns the paths of all pages of the site.

    Raises:
        FileNotFoundError: If it has not been built.
    """
    if not (SITE / "index.html").exists():
        raise FileNotFoundError(
            f"{SITE} holds no site: run `python docs/site/build.py --strict`."
        )
    found = (path.relative_to(SITE) for path in SITE.rglob("*.html"))
    # The theme leaves a template among its files.
    return sorted(p.as_posix() for p in found if p.parts[0] != "_static")


# What holds no prose. A signature has lists in it, as in `dict[str][int]`.
CODE = ("code", "pre", "script", "style", "dt")


class _Reader(HTMLParser):
    """Collects what a page can be linked to by, and what it links to."""

    def __init__(self):
        super().__init__()
        self.anchors, self.targets, self.text = set(), set(), []
        self.prose, self._inside_code = [], 0

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id":
                self.anchors.add(value)
            if name in ("href", "src") and value:
                self.targets.add(value)
        self._inside_code += tag in CODE

    def handle_endtag(self, tag):
        self._inside_code -= tag in CODE

    def handle_data(self, data):
        self.text.append(data)
        if not self._inside_code:
            self.prose.append(data)


@functools.cache
def read(page):
    """Returns a page as `anchors`, `targets` of links, `text`, and `prose`.

    The last two are lists of pieces; prose is text that is no code.
    """
    reader = _Reader()
    reader.feed((SITE / page).read_text("utf-8"))
    return reader


def dead_links(page):
    """Returns the links of a page inside the site that lead nowhere."""
    links = [t for t in read(page).targets if "://" not in t]
    return [t for t in links if not (t.startswith(SCHEMES) or _leads(page, t))]


def links_left_as_text(page):
    """Returns pieces of Markdown's links that a page shows as they stand."""
    prose = "".join(read(page).prose)
    return re.findall(r"\]\[|\]: |\]\(", prose)


SCHEMES = ("data:", "mailto:")


def _leads(page, target):
    address, anchor = urldefrag(target)
    path = ((SITE / page).parent / unquote(address.partition("?")[0])).resolve()
    aim = path if address else SITE / page
    if not aim.is_file():
        return False
    if not anchor or aim.suffix != ".html":
        return True
    return unquote(anchor) in read(aim.relative_to(SITE).as_posix()).anchors


@functools.cache
def search_index():
    """Returns the search's index: words of texts and titles, names of pages."""
    text = (SITE / "searchindex.js").read_text("utf-8")
    return json.loads(text.removeprefix("Search.setIndex(").removesuffix(")"))


def found_by(query):
    """Returns the pages that the search finds for all words of a query.

    Words are cut to their stems, as the page of the search does.
    """
    from sphinx.search.en import SearchEnglish

    index, search = search_index(), SearchEnglish({})
    found = [_pages_of(search.stem(w), index) for w in search.split(query)]
    names = index["docnames"]
    return {names[number] for number in set.intersection(*found)}


def _pages_of(word, index):
    found = set()
    for part in ("terms", "titleterms"):
        numbers = index[part].get(word.lower(), [])
        found |= {numbers} if isinstance(numbers, int) else set(numbers)
    return found

"""Links between files of the repository, as links between pages of the site."""

import posixpath
import re
from pathlib import Path
from urllib.parse import urldefrag

ROOT = Path(__file__).parents[2]
GITHUB = "https://github.com/keras-trainkit/keras-trainkit/blob/main/"
RAW = "https://raw.githubusercontent.com/keras-trainkit/keras-trainkit/main/"

# What is written once in the repository, and where it is on the site.
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "benchmarks/README.md": "figures/settings.md",
    "docs/checks.md": "checks.md",
    "docs/README.md": "guide/index.md",
    "examples/README.md": "gallery/index.md",
}
# Of the README, the site's home shows the beginning alone.
SECTIONS = {"README.md#figures": "figures/index.md"}

# What comes first wins: a link in code is no link, code in a link's text is.
_PIECE = re.compile(
    r"^(?P<fence>```+).*?^(?P=fence)$"
    r"|`[^`\n]+`"
    r"|\[(?P<text>(?:`[^`\n]+`|[^]`])+)\]\((?P<target>[^)\s]+)\)"
    r"|^\[(?P<name>[^]]+)\]: (?P<address>\S+)$"
    # Of Markdown's HTML only this form is used; Sphinx has its own.
    r'|^<a id="(?P<anchor>[\w-]+)"></a>$'
    # GitHub makes a link of an address by itself.
    r"|(?<![<\w(\"'])(?P<bare>https?://[^\s<>()\]]*[^\s<>()\].,;:])",
    re.MULTILINE | re.DOTALL,
)
_TITLE = re.compile(r"^# (.+)$", re.MULTILINE)


def page_of(path):
    """Returns where a file of the repository is on the site, or `None`."""
    if path in PAGES:
        return PAGES[path]
    folder, name = posixpath.split(path)
    if folder == "docs" and name.endswith(".md"):
        return f"guide/{name}"
    if folder == "docs/images" and name.endswith(".png"):
        return f"images/{name}"
    return None


def for_the_site(text, source, page=None):
    """Returns a page with its links made into links of the site.

    A link to a file that is no page of the site goes to GitHub.

    Args:
        text: Markdown, as it stands in the repository.
        source: The path that it has there, such as `"docs/layers.md"`.
        page: The path on the site. Defaults to `None`: that of the source.

    Raises:
        ValueError: For a link to a file that is not there.
    """
    page = page or page_of(source)

    def new(piece):
        if piece["name"]:
            address = target_on_site(piece["address"], source, page)
            return f"[{piece['name']}]: {address}"
        if piece["target"]:
            target = target_on_site(piece["target"], source, page)
            return f"[{_text(piece, source)}]({target})"
        if piece["bare"]:
            return f"<{piece['bare']}>"
        return f"({piece['anchor']})=" if piece["anchor"] else piece[0]

    return _PIECE.sub(new, text)


def _text(match, source):
    """Returns the text of a link: a page's title in place of its file."""
    path, _ = _in_repository(match["target"], source)
    is_file = f"/{path}".endswith(f"/{match['text']}")
    return title_of(path) if is_file and page_of(path) else match["text"]


def title_of(path):
    """Returns the title of a page of the repository, such as `docs/layers.md`.

    Raises:
        ValueError: For a file that begins with none.
    """
    found = _TITLE.search((ROOT / path).read_text("utf-8"))
    if found is None:
        raise ValueError(f"{path} has no title: a line `# ...`.")
    return found[1]


def target_on_site(target, source, page):
    """Returns what a link in the file `source` is on a page of the site."""
    path, anchor = _in_repository(target, source)
    if path is None:
        # A section of the same file may be a page of its own.
        page_of_it = SECTIONS.get(source + target)
        return page_of_it if page_of_it else target
    if not (ROOT / path).exists():
        raise ValueError(f"{source} links to {target}, which is not there.")
    section = SECTIONS.get(f"{path}#{anchor}")
    aim = section or page_of(path)
    if aim is None:
        return GITHUB + path + (f"#{anchor}" if anchor else "")
    relative = posixpath.relpath(aim, posixpath.dirname(page) or ".")
    return relative + (f"#{anchor}" if anchor and not section else "")


def _in_repository(target, source):
    """Returns path and anchor, or `None` for a link to somewhere else."""
    address, anchor = urldefrag(target)
    for prefix in (GITHUB, RAW):
        if address.startswith(prefix):
            return address.removeprefix(prefix), anchor
    if "://" in address or not address:
        return None, anchor
    joined = posixpath.join(posixpath.dirname(source), address)
    return posixpath.normpath(joined), anchor

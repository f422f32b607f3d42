"""The site's first page: the beginning of the README, and where to go on."""

import re

from links import ROOT
from links import for_the_site

PARTS = {
    "guide/index": "Guide",
    "gallery/index": "Gallery",
    "api/index": "API",
    "checks": "Checks",
    "figures/index": "Figures",
    "changelog": "Changelog",
    "contributing": "Contributing",
}
# In place of the README's other sections, each of which has a page here.
WHERE_TO_GO = """\
## Where to go from here

- A network that does not learn: [getting unstuck](docs/getting_unstuck.md), and
  [each check](docs/checks.md) with its example.
- A pretrained model for a task of your own:
  [transfer learning](docs/transfer.md).
- How certain a prediction is: [uncertainty](docs/uncertainty.md).
- A technique from a textbook: [the one line that does it](docs/techniques.md).
- A name from fastai, Lightning, timm or another framework:
  [what it is called here](docs/coming_from.md).
- Programs to run, with their pictures: [examples](examples/README.md).
"""
# A definition begins a line; a link that happens to begin one does not count.
_DEFINITION = re.compile(r"^\[[^]]+\]: \S+$", re.MULTILINE)


def page():
    """Returns the page, which ends with the site's own table of contents."""
    readme = (ROOT / "README.md").read_text("utf-8")
    # The definitions of the links are at the end of the README.
    start, _, rest = readme.partition("\n## ")
    definitions = _DEFINITION.findall(rest)
    parts = [start, "", WHERE_TO_GO, _toctree(), *definitions, ""]
    return for_the_site("\n".join(parts), "README.md")


def _toctree():
    entries = [f"{title} <{page}>" for page, title in PARTS.items()]
    return "\n".join(["```{toctree}", ":hidden:", "", *entries, "```", ""])

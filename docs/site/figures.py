"""The page of figures: all stored results, and what each was measured on."""

import re
import sys

from links import GITHUB
from links import ROOT
from links import for_the_site
from links import target_on_site
from links import title_of

sys.path.insert(0, str(ROOT / "benchmarks"))
from stored_results import stored

PAGE = "figures/index.md"
SETTINGS = "benchmarks/README.md"
_SCRIPT = re.compile(r"(?:benchmarks|examples)/\w+\.py")

INTRODUCTION = """\
# Figures

Everything that was measured, and how: generated from `benchmarks/results/`,
which the tables of all pages are written from. Ratios of times are of two
things that took turns in one process, so they have no unit. How settings were
chosen, with all that was tried:
[the settings behind the examples](settings.md).

```{toctree}
:hidden:

settings
```
"""


def pages():
    """Returns `{path: Markdown}` of the page."""
    tables = stored()
    on_gpu = {table.title for table in tables if table.on_a_gpu}
    sections = [_section(table, table.title in on_gpu) for table in tables]
    return {PAGE: "\n".join([INTRODUCTION, *sections, _without(tables)])}


def _without(tables):
    """Returns the section on scripts whose results are nowhere stored."""
    stored_for = " ".join(c for table in tables for c in table.commands)
    names = [
        f"benchmarks/{path.name}"
        for path in sorted((ROOT / "benchmarks").glob("*.py"))
        if path.name != "stored_results.py"
        and "__main__" in path.read_text("utf-8")
    ]
    links = [f"- {_script(n)}" for n in names if n not in stored_for]
    return "\n".join(["## Scripts without a stored result\n", *links, ""])


def _section(table, on_gpu):
    gpu = "" if on_gpu else " On a GPU: not measured."
    rows = "\n".join(table.lines())
    # The links of cells are those of the page that shows them.
    source = table.pages[0] if table.pages else SETTINGS
    cells = for_the_site(rows, source, PAGE)
    shown = ", ".join(_page(page) for page in table.pages or [SETTINGS])
    commands = "\n".join(table.commands)
    return (
        f"## {table.title}\n\n{cells}\n\n"
        f"Figures: {table.figures}. Device: {table.device}.{gpu} "
        f"Explained in {shown}. Script: {_scripts(table.commands)}.\n\n"
        f"```bash\n{commands}\n```\n"
    )


def _page(page):
    return f"[{title_of(page)}]({target_on_site(page, '', PAGE)})"


def _scripts(commands):
    found = dict.fromkeys(_SCRIPT.findall(" ".join(commands)))
    return ", ".join(_script(path) for path in found)


def _script(path):
    return f"[{path}]({GITHUB}{path})"

"""The gallery: each example's picture, sentence, command and source."""

import re

from links import ROOT
from links import for_the_site

SOURCE = "examples/README.md"
_SCRIPT = re.compile(r"python examples/(\w+)\.py")


def pages():
    """Returns `{path: Markdown}` of the gallery and of the examples' sources.

    Raises:
        ValueError: For an example without a command that names its script.
    """
    text = for_the_site((ROOT / SOURCE).read_text("utf-8"), SOURCE)
    start, *parts = text.split("\n## ")
    found, sections = {}, [start]
    for part in parts:
        title = part.partition("\n")[0]
        script = _SCRIPT.search(part)
        if script is None:
            raise ValueError(f"{SOURCE}: {title!r} has no command.")
        sections.append(f"## {part.strip()}\n\n[Source]({script[1]}.md)\n")
        found[f"gallery/{script[1]}.md"] = _source_page(script[1])
    files = [path.removeprefix("gallery/") for path in found]
    # The sidebar has no room for the folder.
    entries = [f"{file.removesuffix('.md')}.py <{file}>" for file in files]
    toctree = ["```{toctree}", ":hidden:", "", *entries, "```", ""]
    found["gallery/index.md"] = "\n".join([*sections, *toctree])
    return found


def _source_page(script):
    path = f"examples/{script}.py"
    source = (ROOT / path).read_text("utf-8")
    return f"# {path}\n\n````python\n{source}````\n"

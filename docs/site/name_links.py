"""Public names in backticks, such as `callbacks.OneCycle`, become links."""

import re

from docutils import nodes
from reference import FOLDER
from reference import page_of
from sources import public_names
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform

_NAME = re.compile(
    r"(?:keras_trainkit\.|ktk\.)?([\w.]+)(?:\(.*\))?$", re.DOTALL
)
# Behind these, in front of a word.
_BREAKS = re.compile(r"(?<=[.(=,/])(?=[\w\"'])")
# Where a class alone is another framework's.
OTHERS = {"guide/coming_from"}


def pages_by_name():
    """Returns `{dotted name: page}` and `{class alone: page}`.

    A class alone is named where no other module has one of that name. A
    function alone is not: `fine_tune` may be another framework's.
    """
    dotted, alone = {}, {}
    for name in public_names():
        page = page_of(name).removesuffix(".md")
        dotted[name] = page
        alone.setdefault(name.rpartition(".")[2], []).append(page)
    classes = {
        last: pages[0]
        for last, pages in alone.items()
        if len(pages) == 1 and last != last.lower()
    }
    return dotted, classes


class NameLinks(SphinxPostTransform):
    """Wraps names of the reference into links; lets those in tables break."""

    default_priority = 5

    def run(self):
        """Looks at all code in running text that is no link yet."""
        known, classes = pages_by_name()
        if self.env.docname not in OTHERS and not _is_entry(self.env.docname):
            known = known | classes
        for literal in list(self.document.findall(nodes.literal)):
            match = _NAME.match(literal.astext())
            page = known.get(match[1]) if match else None
            if page in (None, self.env.docname) or _is_taken(literal):
                continue
            link = self._link(page)
            literal.replace_self(link)
            link += literal
        for cell in self.document.findall(nodes.entry):
            for literal in cell.findall(nodes.literal):
                _let_break(literal)

    def _link(self, page):
        address = self.app.builder.get_relative_uri(self.env.docname, page)
        return nodes.reference("", "", internal=True, refuri=address)


def _let_break(literal):
    """Lets code in a table break where a reader would, not inside of a word.

    The search's index is made of what stands between the breaks: they are
    where it cuts words anyway.
    """
    first, *rest = _BREAKS.split(literal.astext())
    literal.children = []
    literal += nodes.Text(first)
    for part in rest:
        literal += nodes.raw("", "<wbr>", format="html")
        literal += nodes.Text(part)


def _is_entry(page):
    # An entry ends with the names that others have for the same.
    return page.startswith(f"{FOLDER}/")


def _is_taken(node):
    taken = (nodes.reference, nodes.title, addnodes.pending_xref, nodes.term)
    while node is not None:
        if isinstance(node, taken):
            return True
        node = node.parent
    return False


def setup(app):
    """Adds the links to Sphinx."""
    app.add_post_transform(NameLinks)
    return {"version": "1", "parallel_read_safe": True}

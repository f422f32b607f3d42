"""The reference: a page for each public name, from its docstring."""

import ast

import docstrings
from links import GITHUB
from sources import PACKAGE
from sources import arguments
from sources import public_names
from sources import summary_of

FOLDER = "api"


def page_of(name):
    """Returns where the page of a public name is, such as `"plots.plot"`."""
    return f"{FOLDER}/{name}.md"


def pages(explained_on, known_as):
    """Returns `{path: Markdown}` of the whole reference.

    Args:
        explained_on: A function from a public name to a line that links to
            the page which explains it.
        known_as: A function from a public name to a line on its names in other
            frameworks, or `""`.
    """
    names = public_names()
    found = {
        page_of(name): _page(one, explained_on(name), known_as(name))
        for name, one in names.items()
    }
    packages = {}
    for name in names:
        packages.setdefault(name.rpartition(".")[0], []).append(name)
    for package, members in packages.items():
        own = [names[member] for member in members]
        found[page_of(package)] = _package_page(package, own)
    found[f"{FOLDER}/index.md"] = _index(packages)
    return found


def _page(one, explained, known):
    kind = "class" if one.is_class else "function"
    (_, text), *rest = docstrings.sections(one.docstring)
    summary, _, more = text.partition("\n\n")
    parts = [
        f"# {one.name}",
        _directive(kind, f"{PACKAGE}.{one.name}{one.signature()}"),
        summary,
        explained,
        docstrings.as_markdown("", more),
        *_sections(rest, "##"),
        *_methods(one),
        known,
        f"Source: [{one.path}]({GITHUB}{one.path})",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _sections(found, level):
    for title, text in found:
        yield f"{level} {title}"
        yield docstrings.as_markdown(title, text)


def _methods(one):
    methods = one.methods()
    if methods:
        yield "## Methods and properties"
    for name, node in methods.items():
        kind, signature = "method", arguments(node)
        if any(ast.unparse(d) == "property" for d in node.decorator_list):
            kind, signature = "property", ""
        yield _directive(kind, f"{PACKAGE}.{one.name}.{name}{signature}")
        (_, text), *rest = docstrings.sections(ast.get_docstring(node))
        yield docstrings.as_markdown("", text)
        for title, body in rest:
            yield f"**{title}**"
            yield docstrings.as_markdown(title, body)


def _directive(kind, signature):
    return f":::{{py:{kind}}} {signature}\n:::"


def _package_page(package, members):
    rows = [
        _row(one.name.rpartition(".")[2], one.name, one.docstring)
        for one in members
    ]
    return "\n".join(
        [
            f"# {package}",
            "",
            _first_paragraph(summary_of(package)),
            "",
            "| name | what it is |",
            "|---|---|",
            *rows,
            "",
            # The sidebar stands below the subpackage's name already.
            _toctree(
                f"{one.name.rpartition('.')[2]} <{one.name}>" for one in members
            ),
        ]
    )


def _row(title, name, docstring):
    return f"| [{title}]({name}.md) | {_first_paragraph(docstring)} |"


def _first_paragraph(docstring):
    """Returns the summary of a docstring, for the cell of a table."""
    return " ".join(docstring.partition("\n\n")[0].split()).replace("|", r"\|")


def _index(packages):
    rows = [_row(name, name, summary_of(name)) for name in packages]
    return "\n".join(
        [
            "# API reference",
            "",
            "Every public name, from its docstring. `ktk` is `keras_trainkit`,",
            "`np` NumPy. The examples are run by the tests on every backend.",
            "",
            "| subpackage | what is in it |",
            "|---|---|",
            *rows,
            "",
            _toctree(packages),
        ]
    )


def _toctree(names):
    return "\n".join(["```{toctree}", ":hidden:", "", *names, "```", ""])

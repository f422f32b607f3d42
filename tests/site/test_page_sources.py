"""What pages are made of: links, docstrings, names."""

import docstrings
import explained
import links
import pytest
import reference
import sources


@pytest.mark.parametrize(
    "target, source, expected",
    [
        ("layers.md", "docs/models.md", "layers.md"),
        ("layers.md#rrelu", "docs/models.md", "layers.md#rrelu"),
        ("checks.md#l101", "docs/report.md", "../checks.md#l101"),
        ("images/sparse.png", "docs/shrink.md", "../images/sparse.png"),
        ("../README.md", "docs/shrink.md", "../index.md"),
        ("../README.md#figures", "docs/shrink.md", "../figures/index.md"),
        ("../examples/README.md", "docs/shrink.md", "../gallery/index.md"),
        (links.GITHUB + "docs/layers.md", "README.md", "guide/layers.md"),
        (
            links.RAW + "docs/images/sparse.png",
            "README.md",
            "images/sparse.png",
        ),
        ("../noxfile.py", "docs/shrink.md", links.GITHUB + "noxfile.py"),
        ("https://keras.io/", "docs/shrink.md", "https://keras.io/"),
        ("#structures", "docs/compression.md", "#structures"),
        ("#figures", "README.md", "figures/index.md"),
    ],
)
def test_a_link_on_the_site(target, source, expected):
    page = links.page_of(source)
    assert links.target_on_site(target, source, page) == expected


def test_a_link_to_nothing_is_an_error():
    with pytest.raises(ValueError, match=r"docs/layers.md links to gone.md"):
        links.for_the_site("[x](gone.md)", "docs/layers.md")


@pytest.mark.parametrize(
    "text, expected",
    [
        ("[layers.md](layers.md#rrelu)", "[Layers](layers.md#rrelu)"),
        ("[the layers](layers.md)", "[the layers](layers.md)"),
        ("[x]: checks.md", "[x]: ../checks.md"),
        ("[`L101`, ...](checks.md#l101)", "[`L101`, ...](../checks.md#l101)"),
        (
            "![two\nlines](images/sparse.png)",
            "![two\nlines](../images/sparse.png)",
        ),
        ('<a id="l101"></a>', "(l101)="),
        ("See https://a.b/c(d).", "See <https://a.b/c>(d)."),
        ("(https://a.b/c_d)", "(https://a.b/c_d)"),
        ("<https://a.b/c>, `https://a.b`", "<https://a.b/c>, `https://a.b`"),
        ("Reference: https://a.b/c.", "Reference: <https://a.b/c>."),
    ],
)
def test_text_for_the_site(text, expected):
    assert links.for_the_site(text, "docs/models.md") == expected


def test_a_page_without_a_title_is_an_error():
    with pytest.raises(ValueError, match="has no title"):
        links.title_of("LICENSE")


def test_code_is_left_alone():
    text = "`[x](gone.md)`\n\n```text\n[x](gone.md)\n```\n"
    assert links.for_the_site(text, "docs/layers.md") == text


DOCSTRING = """Does it.

More of it.

Args:
    x: Array, of
        two lines.
    **rest: Others.

Raises:
    ValueError: For `x`.

Example:

>>> 1 + 1
2

Text.
"""


def test_a_docstring_has_its_sections():
    found = docstrings.sections(DOCSTRING)
    assert [title for title, _ in found] == ["", "Args", "Raises", "Example"]


def test_arguments_are_a_list_of_definitions():
    (_, _), (title, text), *_ = docstrings.sections(DOCSTRING)
    assert docstrings.as_markdown(title, text) == (
        "`x`\n: Array, of\n  two lines.\n\n`**rest`\n: Others."
    )


def test_lines_of_doctest_are_code():
    *_, (title, text) = docstrings.sections(DOCSTRING)
    assert docstrings.as_markdown(title, text) == (
        "```pycon\n>>> 1 + 1\n2\n```\n\nText."
    )


def test_a_list_without_names_is_an_error():
    with pytest.raises(ValueError, match="below Args:"):
        docstrings.as_markdown("Args", "nothing of that kind")


@pytest.mark.parametrize(
    "name, signature",
    [
        ("callbacks.RaiseLROnPlateau", "(monitor="),
        ("diagnostics.Repair", "(kind, value=None, where='')"),
        ("layers.SwiGLU", "("),
        ("models.groups", "("),
    ],
)
def test_a_signature_is_that_of_the_constructor(name, signature):
    assert sources.public_names()[name].signature().startswith(signature)


def test_a_name_without_a_page_that_explains_it_is_an_error():
    with pytest.raises(ValueError, match=r"Which page explains callbacks\.New"):
        explained.page_for("callbacks.New")


def test_the_reference_has_a_page_for_each_name_and_subpackage():
    pages = reference.pages(lambda name: "", lambda name: "")
    packages = {n.rpartition(".")[0] for n in sources.public_names()}
    wanted = {*sources.public_names(), *packages, "index"}
    assert set(pages) == {f"api/{name}.md" for name in wanted}

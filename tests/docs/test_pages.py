"""Every Python block of README.md and docs/*.md runs, page by page."""

from pathlib import Path

import pytest

from tests.helpers import pages

ROOT = Path(__file__).parents[2]
PAGES = [
    path.relative_to(ROOT).as_posix()
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    if path.is_file()
]
# Its examples are run one by one: tests/diagnostics/rules/test_catalogue.py.
RUN_APART = "docs/checks.md"


def text_of(page):
    return (ROOT / page).read_text("utf-8")


def on_two_backends(page):
    """Marks a page whose features all have tests of their own."""
    marks = [] if page == "README.md" else [pytest.mark.two_backends]
    return pytest.param(page, marks=marks)


@pytest.mark.parametrize(
    "page", [on_two_backends(page) for page in PAGES if page != RUN_APART]
)
def test_the_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = text_of(page)
    executed = pages.run_page(text, page, {"__name__": "__main__"})
    marked = text.count("<!-- not run: ")
    assert executed >= text.count("\n```python\n") - marked


@pytest.mark.one_backend
@pytest.mark.parametrize("page", PAGES)
def test_a_block_that_is_not_run_says_why(page):
    reasons = {block.not_run for block in pages.blocks(text_of(page))}
    assert reasons - {""} <= pages.ALLOWED_REASONS


PLANTED = """\
Text with `raise ValueError("inline")`.

```bash
no python here
```

```python
x = 1
```

| technique | the line | note |
|---|---|---|
| one | `y = x + 1` | `z` |
| two | not yet | |

<!-- not run: needs the internet -->

```python
raise ValueError("not run")
```

| a | b |
|---|---|
| c | `raise ValueError("no such column")` |

```python
>>> x + y
3
```
"""


def test_blocks_and_lines_of_tables_share_a_namespace():
    namespace = {}
    pages.run_page(PLANTED, "planted.md", namespace)
    assert (namespace["x"], namespace["y"]) == (1, 2)


def test_the_blocks_carry_their_line_and_reason():
    found = [(b.line, b.not_run) for b in pages.blocks(PLANTED)]
    assert found == [(8, ""), (13, ""), (19, "needs the internet"), (27, "")]


@pytest.mark.parametrize(
    "page, error",
    [
        ("```python\nraise KeyError\n```\n", KeyError),
        ("| the line |\n|---|\n| `1 / 0` |\n", ZeroDivisionError),
        ("```python\n>>> 1 + 1\n3\n```\n", AssertionError),
    ],
    ids=["a block", "a row", "an output"],
)
def test_a_planted_error_is_found(page, error):
    with pytest.raises(error):
        pages.run_page(page, "planted.md", {})

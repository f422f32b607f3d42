"""The tables of results that the pages show, from where they are stored.

    python benchmarks/stored_results.py

writes each table of results/*.json into its pages, in place of the one with the
same columns. So a figure is changed in results/, and nowhere else.

A table has a `title`, the `pages` that show it (none, if the site's page of
figures alone does), the `commands` that measure it, the `device` it was
measured on, what its `figures` are (medians, spread, number of seeds),
`columns` and `rows`. Tables of a page with equal columns stand in one file, in
the order of the page.
"""

import dataclasses
import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"

_RULE = re.compile(r"\|(---\|)+$")


@dataclasses.dataclass(frozen=True)
class Table:
    """A table of results, and how they were measured."""

    subject: str
    title: str
    pages: list
    commands: list
    device: str
    figures: str
    columns: list
    rows: list

    def __post_init__(self):
        odd = [row for row in self.rows if len(row) != len(self.columns)]
        if odd:
            raise ValueError(
                f"{self.title}: expected {len(self.columns)} cells in a row. "
                f"Received: {odd[0]}."
            )

    @property
    def on_a_gpu(self):
        """Whether it was measured on an accelerator."""
        return not self.device.startswith("CPU")

    def lines(self):
        """Returns the table as lines of Markdown."""
        rule = "|" + "---|" * len(self.columns)
        return [_line(self.columns), rule, *map(_line, self.rows)]


def _line(cells):
    return "|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|"


def stored():
    """Returns all tables, file by file."""
    return [
        Table(subject=path.stem, **fields)
        for path in sorted(RESULTS.glob("*.json"))
        for fields in json.loads(path.read_text("utf-8"))
    ]


def with_tables(text, tables):
    """Returns the text of a page with its tables written anew.

    Args:
        text: Markdown.
        tables: The stored tables of this page.

    Raises:
        ValueError: Where the page has not as many tables with the columns of a
            stored one as there are stored.
    """
    lines = text.splitlines(keepends=True)
    for columns in {tuple(table.columns) for table in tables}:
        alike = [t for t in tables if tuple(t.columns) == columns]
        places = places_of(columns, lines)
        if len(places) != len(alike):
            raise ValueError(
                f"Expected {len(alike)} tables with the columns "
                f"{list(columns)}. Received: a page with {len(places)}."
            )
        # From the end, so that the other places stay what they are.
        for (start, end), table in zip(places[::-1], alike[::-1], strict=True):
            lines[start:end] = [line + "\n" for line in table.lines()]
    return "".join(lines)


def places_of(columns, lines):
    """Returns `[(start, end), ...]` of the tables with these columns."""
    head, places = _line(columns), []
    for start, line in enumerate(lines[:-1]):
        if line.rstrip("\n") == head and _RULE.match(lines[start + 1]):
            end = start
            while end < len(lines) and lines[end].startswith("|"):
                end += 1
            places.append((start, end))
    return places


def main():
    """Writes all tables into their pages."""
    tables = stored()
    for page in sorted({page for table in tables for page in table.pages}):
        path = ROOT / page
        text = path.read_text("utf-8")
        new = with_tables(text, [t for t in tables if page in t.pages])
        if new != text:
            path.write_text(new, "utf-8")
            print(f"{page} has changed")


if __name__ == "__main__":
    main()

"""Reading and running the Python on a Markdown page."""

import dataclasses
import doctest
import re

# The only reasons for which a block of a page may stay unexecuted.
ALLOWED_REASONS = {"needs the internet", "needs several devices"}

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

_FENCE = re.compile(r"```(\w*)\s*$")
_NOT_RUN = re.compile(r"<!-- not run: (.+?) -->\s*$")
_CODE_CELL = re.compile(r"`(.+)`$")


@dataclasses.dataclass
class Block:
    """A piece of Python: its text, its first line, why it is not run."""

    text: str
    line: int
    not_run: str = ""


def blocks(page):
    """Returns the Python of `page`, in order.

    That is each block fenced as `python`, and each cell of code in a table's
    column headed "the line".
    """
    found, lines, at, not_run, column = [], page.splitlines(), 0, "", None
    while at < len(lines):
        line = lines[at].rstrip()
        fence = _FENCE.match(line)
        if fence:
            end = lines.index("```", at + 1)
            if fence[1] == "python":
                text = "\n".join(lines[at + 1 : end])
                found.append(Block(text, at + 2, not_run))
            at = end
        elif line.startswith("|"):
            column, code = _row(line, column)
            found += [Block(code, at + 1)] if code else []
        if line and not fence and not line.startswith("|"):
            column = None
        marked = _NOT_RUN.match(line)
        not_run = marked[1] if marked else ("" if line or fence else not_run)
        at += 1
    return found


def _row(line, column):
    """Returns the column headed "the line", and the code of a row in it."""
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    if "the line" in cells:
        return cells.index("the line"), None
    if column is None or column >= len(cells):
        return column, None
    code = _CODE_CELL.match(cells[column])
    return column, code[1] if code else None


def run_page(page, filename, namespace):
    """Executes the Python of `page` in `namespace`, stopping at an error.

    A block of `>>>` lines is checked as a doctest. Line numbers of errors
    are the page's own.

    Returns:
        How many blocks were executed.
    """
    executed = [block for block in blocks(page) if not block.not_run]
    for block in executed:
        if block.text.lstrip().startswith(">>>"):
            _check(block, filename, namespace)
        else:
            source = "\n" * (block.line - 1) + block.text
            exec(compile(source, filename, "exec"), namespace)
    return len(executed)


def _check(block, filename, namespace):
    test = doctest.DocTestParser().get_doctest(
        block.text + "\n", namespace, filename, filename, block.line - 1
    )
    said = []
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    runner.run(test, out=said.append, clear_globs=False)
    if runner.failures:
        raise AssertionError("".join(said))
    namespace.update(test.globs)

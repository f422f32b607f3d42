"""The committed list of mutants that survive, each with its reason."""

from pathlib import Path

FILE = Path(__file__).with_name("explained.txt")


def explained(text=None):
    """Returns `{name of a mutant: why it survives}`.

    Args:
        text: Of the list; by default that of `explained.txt`.
    """
    text = FILE.read_text("utf-8") if text is None else text
    found = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, bar, why = line.rpartition(" | ")
        if name.count(" | ") < 2 or not bar or not why.strip():
            raise ValueError(
                "A line must be `module | operator | source line | why`. "
                f"Received: {line!r}."
            )
        found[name] = why
    return found

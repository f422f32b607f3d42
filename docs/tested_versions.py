"""The versions that passed: noted by nox's sessions, shown in docs/versions.md.

    KTK_NOTE_VERSIONS=1 python -m nox      # each session notes what it ran on
    python docs/tested_versions.py         # writes the table anew

A session calls `python docs/tested_versions.py note SESSION BACKEND...`, with
its own Python, after all of its tests have passed.
"""

import datetime
import json
import platform
import re
import sys
from importlib import metadata
from pathlib import Path

DOCS = Path(__file__).parent
STORED = DOCS / "versions.json"
PAGE = DOCS / "versions.md"
BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
NOTED = ("keras", "keras-nightly", *BACKENDS, "numpy", "keras-hub")
BLOCK = re.compile(r"(<!-- versions -->\n).*?(<!-- end -->)", re.DOTALL)


def note(stored, session, backends, installed, today):
    """Returns the notes with what a session has passed with, in their order.

    A later run of the same session, on the same Python and backends, takes the
    place of an earlier one.

    Args:
        stored: List of notes.
        session: The session's name.
        backends: Sequence of the backends that it ran on.
        installed: `{distribution: version}`, with `"python"`.
        today: The date, as `YYYY-MM-DD`.
    """
    new = {
        "session": session,
        "backends": sorted(backends),
        "date": today,
        "versions": dict(sorted(installed.items())),
    }
    others = [one for one in stored if _key(one) != _key(new)]
    return sorted([*others, new], key=_key)


def _key(one):
    python = one["versions"]["python"].split(".")[:2]
    return one["session"], [int(n) for n in python], one["backends"]


def installed():
    """Returns the versions of what matters in this environment."""
    found = {"python": platform.python_version()}
    for name in NOTED:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def table(stored):
    """Returns the lines of the table, or one that says that there is none."""
    if not stored:
        return ["No session has been noted yet."]
    head = ["session", "Python", "Keras", *BACKENDS.values(), "NumPy", "passed"]
    lines = [_row(head), _row(["---"] * len(head))]
    for one in stored:
        versions = one["versions"]
        keras = versions.get("keras-nightly") or versions["keras"]
        backends = [
            versions[name] if name in one["backends"] else ""
            for name in BACKENDS
        ]
        name = f"`nox -s {one['session']}`"
        cells = [name, versions["python"], keras, *backends]
        lines.append(_row([*cells, versions["numpy"], one["date"]]))
    return lines


def _row(cells):
    return "".join(f"| {cell} " if cell else "| " for cell in cells) + "|"


def with_table(text, stored):
    """Returns a page's text with the table in its marked place."""
    lines = "\n".join(["", *table(stored), "", ""])
    if not BLOCK.search(text):
        raise ValueError("The page has no place marked `<!-- versions -->`.")
    return BLOCK.sub(lambda m: f"{m[1]}{lines}{m[2]}", text)


def read():
    """Returns the stored notes."""
    return json.loads(STORED.read_text("utf-8"))


def main(arguments):
    """Notes a session if one is given, and writes the page."""
    stored = read()
    if arguments:
        if arguments[0] != "note" or len(arguments) < 3:
            raise SystemExit(__doc__)
        _, session, *backends = arguments
        today = datetime.date.today().isoformat()
        stored = note(stored, session, backends, installed(), today)
        STORED.write_text(json.dumps(stored, indent=1) + "\n", "utf-8")
    PAGE.write_text(with_table(PAGE.read_text("utf-8"), stored), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

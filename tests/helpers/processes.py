"""Scripts that need devices, and so a process, of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEADLINE = 480  # seconds, for a machine that is busy with other things


def report_of(module, out, launcher=(), **environment):
    """Runs a test script and returns what it reports.

    Args:
        module: Dotted name; called with the path of a JSON file to write.
        out: That path.
        launcher: Arguments of `python` before the module.
        **environment: Variables for the process.
    """
    done = subprocess.run(
        [sys.executable, *launcher, "-m", module, out],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    if done.returncode:
        raise RuntimeError(f"{module} failed:\n{done.stderr[-6000:]}")
    return json.loads(Path(out).read_text("utf-8"))

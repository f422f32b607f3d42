"""Launch lines of a page, run as they stand but for what is given below."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.helpers.processes import DEADLINE
from tests.helpers.processes import ROOT

PAGE = ROOT / "docs" / "distributed.md"


def launch_lines(after):
    """Returns the first shell block behind a heading of docs/distributed.md."""
    text = PAGE.read_text("utf-8").split(f"\n## {after}\n", 1)[1]
    return re.search(r"```bash\n(.*?)```", text, re.DOTALL)[1]


def free_ports(count):
    """Returns ports of this machine that nobody uses at the moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def launch(lines, program, until=None, **environment):
    """Runs launch lines for another program than the page's `train.py`.

    Whatever is left of them, and of what they have started, is killed.

    Args:
        lines: As the page has them; each port in them is replaced by a free
            one.
        program: Arguments of `python` in place of `train.py`.
        until: Path of a file: when it is there, all is killed. Defaults to
            `None`: the lines end by themselves.
        **environment: Variables for the processes.
    """
    ports = dict.fromkeys(re.findall(r"127\.0\.0\.1:(\d+)", lines))
    for old, new in zip(ports, free_ports(len(ports)), strict=True):
        lines = lines.replace(old, str(new))
    lines = lines.replace("python train.py", f"{sys.executable} {program}")
    with subprocess.Popen(
        ["bash", "-euc", lines],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as shell:
        try:
            output = _output(shell, until)
        finally:
            _kill(shell)
    if until is None and shell.returncode:
        raise RuntimeError(f"{program} failed:\n{output[-8000:]}")


def _output(shell, until):
    if until is None:
        return shell.communicate(timeout=DEADLINE)[0]
    end = time.monotonic() + DEADLINE
    while not Path(until).exists():
        if shell.poll() is not None or time.monotonic() > end:
            _kill(shell)
            raise RuntimeError(f"No {until}:\n{shell.communicate()[0][-8000:]}")
        time.sleep(0.2)
    return ""


def _kill(shell):
    # The whole session, of which perhaps nobody is left.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(shell.pid, signal.SIGKILL)

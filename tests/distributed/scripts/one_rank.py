"""Put before a page's program: what it prints is kept, and it may be killed."""

import contextlib
import io
import os
import signal
import sys
from pathlib import Path

import torch
import torch.distributed as dist

import tests.helpers.without_tensorflow  # noqa: F401

PRINTED = io.StringIO()

plain_backward, plain_end = torch.Tensor.backward, dist.destroy_process_group
steps = 0


def backward(self, *args, **kwargs):
    """SIGKILL on the second rank: no handler, no `finally`."""
    global steps
    steps += 1
    if str(steps) == os.environ.get("KTK_DEADLY_STEP") and dist.get_rank() == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return plain_backward(self, *args, **kwargs)


def begin():
    """Lets the page's program begin, in the folder that it lies in."""
    os.chdir(Path(sys.argv[0]).parent)
    torch.Tensor.backward = backward
    # More is to be done in the group when the program has ended.
    dist.destroy_process_group = lambda: None
    redirected.__enter__()


def end():
    """Takes back what `begin` has changed; returns the printed lines."""
    redirected.__exit__(None, None, None)
    torch.Tensor.backward = plain_backward
    dist.destroy_process_group = plain_end
    return PRINTED.getvalue().splitlines()


redirected = contextlib.redirect_stdout(PRINTED)

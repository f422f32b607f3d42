"""What a benchmark runs on: each script prints it first."""

import importlib
import os
import platform
from pathlib import Path

import keras


def announce():
    """Prints backend, device, threads and versions, and the clock."""
    print(f"[{described()}]", flush=True)


def described():
    """Returns it as one line."""
    backend = keras.backend.backend()
    module = importlib.import_module(backend)
    threads = os.environ.get("OMP_NUM_THREADS") or f"{os.cpu_count()} or fewer"
    clock = os.environ.get("BENCHMARK_CLOCK", "wall")
    return (
        f"{backend} {module.__version__} on {device()}, {threads} threads, "
        f"Keras {keras.__version__}, {clock} clock"
    )


def device():
    """Returns the name of the accelerator that Keras uses, or of the CPU."""
    return _ACCELERATORS[keras.backend.backend()]() or f"CPU {_processor()}"


def on_cpu():
    """Whether there is no accelerator."""
    return device().startswith("CPU")


def _of_tensorflow():
    import tensorflow as tf

    found = [
        one
        for kind in ("GPU", "TPU")
        for one in tf.config.list_physical_devices(kind)
    ]
    if not found:
        return None
    details = tf.config.experimental.get_device_details(found[0])
    name = details.get("device_name", found[0].device_type)
    return f"{len(found)} x {name}"


def _of_jax():
    import jax

    devices = jax.devices()
    if devices[0].platform == "cpu":
        return None
    return f"{len(devices)} x {devices[0].device_kind}"


def _of_torch():
    import torch

    if torch.cuda.is_available():
        name = torch.cuda.get_device_name()
        return f"{torch.cuda.device_count()} x {name}"
    return "MPS" if torch.backends.mps.is_available() else None


def _processor():
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


_ACCELERATORS = {
    "tensorflow": _of_tensorflow,
    "jax": _of_jax,
    "torch": _of_torch,
}

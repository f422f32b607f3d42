"""What `import keras_trainkit` costs over `import keras`.

Fresh processes, in turns, so that a busy machine slows both alike. Run as
`KERAS_BACKEND=tensorflow python benchmarks/import_time.py [pairs]`; with
`BENCHMARK_CLOCK=processor` on a machine that is busy with other work.
"""

import argparse
import os
import resource
import subprocess
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from device import announce
from interleave import CLOCKS
from interleave import clock

TIMED = """
import time
import keras
start = time.{name}()
import keras_trainkit
print(time.{name}() - start)
"""


def process(statement):
    """Returns the seconds of a whole process that runs `statement`."""
    start = _so_far()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return _so_far() - start


def _so_far():
    if clock is CLOCKS["wall"]:
        return time.perf_counter()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def inside():
    """Returns the seconds our import takes in a process that has Keras."""
    done = subprocess.run(
        [sys.executable, "-c", TIMED.format(name=clock.__name__)],
        capture_output=True,
        check=True,
        text=True,
    )
    return float(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs", type=int, nargs="?", default=7)
    pairs = parser.parse_args().pairs
    process("import keras, keras_trainkit")  # writes the .pyc files
    alone, ours, within = np.array(
        [
            (
                process("import keras"),
                process("import keras, keras_trainkit"),
                inside(),
            )
            for _ in range(pairs)
        ]
    ).T
    print(f"{pairs} pairs of fresh processes, median (quartiles):")
    told("import keras, s", alone)
    told("import keras, keras_trainkit, s", ours)
    told("difference, s", ours - alone)
    told("ratio", ours / alone)
    told("inside a process that has Keras, s", within)


def told(name, values):
    low, median, high = np.percentile(values, [25, 50, 75])
    print(f"  {name}: {median:.2f} ({low:.2f}-{high:.2f})", flush=True)


if __name__ == "__main__":
    announce()
    main()

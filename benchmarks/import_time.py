"""What `import keras_trainkit` costs over `import keras`.

Fresh processes, in turns, so that a busy machine slows both alike. Run as
`KERAS_BACKEND=tensorflow python benchmarks/import_time.py [pairs]`.
"""

import os
import statistics
import subprocess
import sys
import time

from device import announce

TIMED = """
import time
import keras
start = time.perf_counter()
{extra}
print(time.perf_counter() - start)
"""


def process(statement):
    """Returns the seconds of a whole process that runs `statement`."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - start


def inside():
    """Returns the seconds our import takes in a process that has Keras."""
    code = TIMED.format(extra="import keras_trainkit")
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        text=True,
    )
    return float(done.stdout.splitlines()[-1])


def main(pairs):
    process("import keras, keras_trainkit")  # writes the .pyc files
    alone, ours, within = [], [], []
    for _ in range(pairs):
        alone.append(process("import keras"))
        ours.append(process("import keras, keras_trainkit"))
        within.append(inside())
    differences = [b - a for a, b in zip(alone, ours, strict=True)]
    backend = os.environ.get("KERAS_BACKEND", "the default backend")
    print(f"{backend}, {pairs} pairs of fresh processes, seconds:")
    print(f"  import keras                  {statistics.median(alone):.3f}")
    print(f"  import keras, keras_trainkit  {statistics.median(ours):.3f}")
    middle, low, high = spread(differences)
    print(f"  difference: median {middle:.3f}, {low:.3f} to {high:.3f}")
    middle, low, high = spread(within)
    print(f"  inside the process: {middle:.3f}, {low:.3f} to {high:.3f}")


def spread(seconds):
    return statistics.median(seconds), min(seconds), max(seconds)


if __name__ == "__main__":
    announce()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)

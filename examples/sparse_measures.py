"""What `sparse.py` measures of a network; there is nothing to run here."""

import time

import numpy as np

import keras_trainkit as ktk

# On a machine that is busy with other work the processor's time is steadier.
CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}
ROWS = 512


def measured(model, dense, held_out, args):
    """Returns accuracy, bytes of the file, compressed bytes, time over dense.

    Args:
        model: The network.
        dense: The one that it is timed beside.
        held_out: Images and labels.
        args: What `sparse.py` was called with.
    """
    x, y = held_out
    right = model.predict_on_batch(x).argmax(-1) == y
    weights = ktk.compression.sparsity_report(model)
    return (
        right.mean(),
        weights.file_bytes,
        weights.gzipped_file_bytes,
        time_ratio(model, dense, x, args),
    )


def time_ratio(model, dense, x, args):
    """Returns the median of the ratio of times, taken in turns."""
    clock = CLOCKS[args.clock]
    rows = np.resize(x, (ROWS, *x.shape[1:]))
    for one in (model, dense):
        one.predict_on_batch(rows)
    ratios = [
        _time(model, rows, clock) / _time(dense, rows, clock)
        for _ in range(args.rounds)
    ]
    return float(np.median(ratios))


def _time(model, rows, clock):
    start = clock()
    np.asarray(model.predict_on_batch(rows))
    return clock() - start

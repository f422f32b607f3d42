"""Several `fit`s side by side, one epoch each in turn.

Machines are noisy: their speed drifts within seconds. Two `fit`s that take
turns epoch by epoch meet the same machine, and each compiles only once. On a
machine that is busy with other work, `BENCHMARK_CLOCK=processor` measures the
processor's time in place of the wall's. With `BENCHMARK_ABSOLUTE=1` the medians
of both in seconds stand behind each ratio.
"""

import os
import threading
import time

import keras
import numpy as np

CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}
clock = CLOCKS[os.environ.get("BENCHMARK_CLOCK", "wall")]
_SHOWS_SECONDS = os.environ.get("BENCHMARK_ABSOLUTE", "0") != "0"


class TakeTurns(keras.callbacks.Callback):
    """Waits for its turn before each epoch, and times the epoch."""

    def __init__(self, place, turns):
        super().__init__()
        self.place, self.turns, self.times = place, turns, []

    def on_epoch_begin(self, epoch, logs=None):
        self.turns.wait_for(self.place)
        self.start = clock()

    def on_epoch_end(self, epoch, logs=None):
        self.times.append(clock() - self.start)
        self.turns.next()


class Turns:
    """Whose epoch it is."""

    def __init__(self, count):
        self.count, self.current = count, 0
        self.changed = threading.Condition()

    def wait_for(self, place):
        with self.changed:
            self.changed.wait_for(lambda: self.current == place)

    def next(self):
        with self.changed:
            self.current = (self.current + 1) % self.count
            self.changed.notify_all()


def epoch_times(fits, warm_up):
    """Runs the fits in turns; returns an array (fit, epoch) of seconds.

    Args:
        fits: Callables that take a callback and run a `fit` with it; all of
            the same number of epochs.
        warm_up: How many first epochs, which compile, are left out.
    """
    turns = Turns(len(fits))
    timers = [TakeTurns(place, turns) for place in range(len(fits))]
    threads = [
        threading.Thread(target=fit, args=(timer,))
        for fit, timer in zip(fits, timers, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return np.array([timer.times[warm_up:] for timer in timers])


def absolute(times, baseline, wanted=_SHOWS_SECONDS):
    """Returns the medians of both in seconds, or nothing, to be appended."""
    if not wanted:
        return ""
    return f"; {np.median(times):.4g} s over {np.median(baseline):.4g} s"


def report(name, times, baseline, seconds=_SHOWS_SECONDS):
    """Prints the median ratio of adjacent epochs, with its quartiles.

    Args:
        name: What is compared.
        times: Array of seconds.
        baseline: Likewise, of what it is compared with.
        seconds: Whether the medians of both are printed, too. Defaults to
            what `BENCHMARK_ABSOLUTE` says.
    """
    low, median, high = np.percentile(times / baseline, [25, 50, 75])
    print(
        f"[{keras.backend.backend()}] {name}: x{median:.3f} "
        f"(quartiles {low:.3f} to {high:.3f}, {len(times)} pairs)"
        + absolute(times, baseline, seconds),
        flush=True,
    )

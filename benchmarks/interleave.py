"""Several `fit`s side by side, one epoch each in turn.

Machines are noisy: their speed drifts within seconds. Two `fit`s that take
turns epoch by epoch meet the same machine, and each compiles only once.
"""

import threading
import time

import keras
import numpy as np


class TakeTurns(keras.callbacks.Callback):
    """Waits for its turn before each epoch, and times the epoch."""

    def __init__(self, place, turns):
        super().__init__()
        self.place, self.turns, self.times = place, turns, []

    def on_epoch_begin(self, epoch, logs=None):
        self.turns.wait_for(self.place)
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.times.append(time.perf_counter() - self.start)
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


def report(name, times, baseline):
    """Prints the median ratio of adjacent epochs, with its quartiles."""
    low, median, high = np.percentile(times / baseline, [25, 50, 75])
    print(
        f"[{keras.backend.backend()}] {name}: x{median:.3f} "
        f"(quartiles {low:.3f} to {high:.3f}, {len(times)} pairs)",
        flush=True,
    )

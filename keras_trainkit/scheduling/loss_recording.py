"""Which loss belongs to which step of a search, and when it is over."""

import math

from keras_trainkit.kernels.curves.search_divergence import Watch
from keras_trainkit.kernels.curves.search_divergence import watch

# Loss scaling halves its scale after each batch it skips: from 2**15 to less
# than the smallest float16. A step that needs more is not going to be made.
_MOST_SKIPPED = 64


def most_batches(steps, per_update):
    """Returns after how many batches a `LossRecording` is over at the latest.

    Args:
        steps: Integer, after how many steps it is over.
        per_update: Integer, batches that make an update.
    """
    return steps * (per_update + _MOST_SKIPPED + 1)


class LossRecording:
    """Collects the losses of batches into steps, one step per update.

    All batches between two updates belong to one step, whose loss is their
    mean: those of gradient accumulation, and those that loss scaling skipped.
    `losses` and `positions`, the updates made before each step, are equally
    long lists; `over` says that the search is.

    Args:
        steps: Integer, after how many updates it is over.
        per_update: Integer, batches that make an update.
        counted: Integer, the optimizer's count of batches so far.
        smoothing: Float, see `kernels.curves.search_divergence.watch`.
        threshold: Float or `None`, see there.
    """

    def __init__(self, steps, per_update, counted, smoothing, threshold):
        self.losses = []
        self.positions = []
        self.over = False
        self._steps = steps
        self._per_update = per_update
        self._first = self._updates = counted // per_update
        self._smoothing = smoothing
        self._threshold = threshold
        self._seen = Watch()
        self._open = []

    def resume(self, counted):
        """Goes on from a count that moved without a batch.

        Where TensorFlow's data ends unexpectedly, the step that finds no data
        has its optimizer count all the same.

        Args:
            counted: The optimizer's count of batches now.
        """
        self._updates = counted // self._per_update
        self.over = self.over or self._all_made()

    def add(self, loss, counted):
        """Adds a batch's loss; `over` may be true after it.

        Args:
            loss: Float.
            counted: The optimizer's count of batches after this one.
        """
        self._open.append(loss)
        updates = counted // self._per_update
        if not math.isfinite(loss):
            self._close(loss)
        elif updates > self._updates:
            self._close(sum(self._open) / len(self._open))
        elif len(self._open) > self._per_update + _MOST_SKIPPED:
            self._close(math.inf)
        self._updates = updates
        self.over = self.over or self._all_made()

    def _all_made(self):
        return self._updates - self._first >= self._steps

    def _close(self, loss):
        self._open = []
        self.losses.append(loss)
        self.positions.append(self._updates - self._first)
        self._seen = watch(self._seen, loss, self._smoothing, self._threshold)
        self.over = self._seen is None

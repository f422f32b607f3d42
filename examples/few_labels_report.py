"""The tables that `few_labels.py` prints of its accuracies."""

from functools import partial

import keras
from transfer_report import gains
from transfer_report import in_words
from transfer_report import rows


def report(found, args):
    """Prints accuracies `{arm: {labels: value of every seed}}`."""
    print(
        f"digits, {args.seeds} seeds, backend {keras.backend.backend()}: "
        "mean ± standard error\n"
    )
    best = {
        n: max(found, key=lambda arm: found[arm][n].mean()) for n in args.labels
    }
    rows("accuracy", found, in_words, best)
    rows("gain", gains(found, "supervised"), partial(in_words, sign="+"))

"""The tables that `few_labels.py` prints of its accuracies."""

from functools import partial

import keras
from few_labels_settings import PARTS
from transfer_report import gains
from transfer_report import in_words
from transfer_report import rows


def report(found, args):
    """Prints accuracies `{part: {arm: {labels: value of every seed}}}`."""
    print(
        f"digits, {args.seeds} seeds, backend {keras.backend.backend()}: "
        "mean ± standard error"
    )
    for part, by_arm in found.items():
        print(f"\n{PARTS[part]}\n")
        best = {
            n: max(by_arm, key=lambda arm: by_arm[arm][n].mean())
            for n in args.labels
        }
        rows("accuracy", by_arm, in_words, best)
        gained = gains(by_arm, "supervised")
        rows("gain", gained, partial(in_words, sign="+"))

"""The settings of `few_labels.py`, and how they are chosen.

There is nothing to run here: `python examples/few_labels.py --search`.
"""

import numpy as np

PARTS = ("all", "head")
RATES = (0.001, 0.003, 0.01, 0.03, 0.1)
# Other images labelled, other initial weights than on the seeds reported.
SEARCHED_SEEDS = range(100, 105)

# Of each arm by labels a class: what is trained, and the peak of the rate.
SETTINGS = {
    arm: {1: ("all", 0.003)}
    for arm in ("supervised", "autoencoder", "masked", "rotations")
}


def setting(arm, labels):
    """Returns an arm's `(part, rate)`, of the nearest number of labels."""
    known = SETTINGS[arm]
    return known[min(known, key=lambda one: abs(np.log(one / labels)))]


def search(accuracy, arms, labels):
    """Tries every setting, prints what it gave, returns the best of them.

    Args:
        accuracy: Callable `(arm, labels, part, rate)` that returns the
            accuracy of every seed.
        arms: The names of the arms.
        labels: Numbers of labels a class.

    Returns:
        A dictionary such as `SETTINGS`.
    """
    print("| arm | trained | peak |", *(f"{n} |" for n in labels))
    print("|---|---|---|" + "---|" * len(labels))
    best = {}
    for arm in arms:
        found = {n: {} for n in labels}
        for part in PARTS if arm != "supervised" else PARTS[:1]:
            for rate in RATES:
                for n in labels:
                    mean = np.mean(accuracy(arm, n, part, rate))
                    found[n][part, rate] = mean
                cells = (f"{found[n][part, rate]:.3f} |" for n in labels)
                print(f"| {arm} | {part} | {rate:g} |", *cells, flush=True)
        best[arm] = {n: max(found[n], key=found[n].get) for n in labels}
    print("SETTINGS =", best)
    return best

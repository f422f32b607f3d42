"""The settings of `few_labels.py`, and how they are chosen.

There is nothing to run here: `python examples/few_labels.py --search`.
"""

import numpy as np

# What is trained, and in how many words.
PARTS = {"all": "all layers trained", "head": "the head alone trained"}
RATES = (0.003, 0.01, 0.03, 0.1)
# Other images labelled, other initial weights than on the seeds reported.
SEARCHED_SEEDS = range(100, 103)

# The peak of the learning rate, by what is trained, arm and labels a class.
RATE = {
    "all": {
        "supervised": {1: 0.003, 5: 0.01, 20: 0.03},
        "autoencoder": {1: 0.003, 5: 0.01, 20: 0.03},
        "masked": {1: 0.01, 5: 0.01, 20: 0.01},
        "rotations": {1: 0.01, 5: 0.03, 20: 0.03},
    },
    "head": {
        "supervised": {1: 0.01},
        "autoencoder": {1: 0.01},
        "masked": {1: 0.01},
        "rotations": {1: 0.01},
    },
}


def rate_of(part, arm, labels):
    """Returns the rate of the nearest number of labels."""
    rates = RATE[part][arm]
    return rates[min(rates, key=lambda known: abs(np.log(known / labels)))]


def search(accuracy, arms, labels):
    """Tries every rate, prints what it gave, returns the best of them.

    Args:
        accuracy: Callable `(arm, labels, part, rate)` that returns the
            accuracy of every seed.
        arms: The names of the arms.
        labels: Numbers of labels a class.

    Returns:
        A dictionary such as `RATE`.
    """
    print("| trained | arm | peak |", *(f"{n} |" for n in labels))
    print("|---|---|---|" + "---|" * len(labels))
    best = {part: {} for part in PARTS}
    for part in PARTS:
        for arm in arms:
            found = np.array(
                [
                    [np.mean(accuracy(arm, n, part, rate)) for n in labels]
                    for rate in RATES
                ]
            )
            for rate, means in zip(RATES, found, strict=True):
                cells = (f"{mean:.3f} |" for mean in means)
                print(f"| {part} | {arm} | {rate:g} |", *cells, flush=True)
            at = found.argmax(axis=0)
            best[part][arm] = {
                n: RATES[one] for n, one in zip(labels, at, strict=True)
            }
    print("RATE =", best)
    return best

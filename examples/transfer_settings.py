"""The settings of `transfer_learning.py`, and how they are chosen.

There is nothing to run here: `python examples/transfer_learning.py --search`.
"""

import numpy as np

RATES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
FACTORS = (1.0, 0.3, 0.1)
# Other classes, other labelled signals than those of the seeds reported.
SEARCHED_SEEDS = range(100, 105)

WITHOUT_FACTOR = ("from scratch", "frozen")
# Of each arm, what the rate is multiplied by when layers are unfrozen.
FACTOR = {
    "from scratch": 1.0,
    "frozen": 1.0,
    "fine-tuned": 0.1,
    "two compiles": 0.3,
    "gradual": 1.0,
}
# Of each arm, the peak of the learning rate by labels a class.
RATE = {
    "from scratch": {1: 0.03, 3: 0.003, 10: 0.01, 30: 0.1, 100: 0.1},
    "frozen": {1: 0.1, 3: 0.1, 10: 0.3, 30: 0.1, 100: 0.3},
    "fine-tuned": {1: 0.1, 3: 0.1, 10: 0.3, 30: 1.0, 100: 1.0},
    "two compiles": {1: 0.03, 3: 0.03, 10: 0.3, 30: 0.3, 100: 0.3},
    "gradual": {1: 0.01, 3: 0.01, 10: 0.03, 30: 0.03, 100: 0.1},
}


def setting(arm, labels):
    """Returns an arm's rate (of the nearest number of labels) and factor."""
    rates = RATE[arm]
    nearest = min(rates, key=lambda known: abs(np.log(known / labels)))
    return rates[nearest], FACTOR[arm]


def search(accuracy, labels):
    """Tries every setting, prints what it gave and the best of them.

    For each arm the factor that is best on average over the numbers of
    labels, each of them at its best rate; and those rates.

    Args:
        accuracy: Callable `(arm, labels, rate, factor)` that returns the
            accuracy of every seed.
        labels: Numbers of labels a class.

    Returns:
        Two dictionaries such as `FACTOR` and `RATE`.
    """
    print("| arm | factor |", *(f"{n} |" for n in labels))
    print("|---|---|" + "---|" * len(labels))
    factors, rates = {}, {}
    for arm in FACTOR:
        tried = FACTORS if arm not in WITHOUT_FACTOR else (1.0,)
        # The rate outermost: another one is traced anew.
        found = np.array(
            [
                [
                    [np.mean(accuracy(arm, n, rate, factor)) for n in labels]
                    for factor in tried
                ]
                for rate in RATES
            ]
        )
        best = found.argmax(axis=0)
        for i, factor in enumerate(tried):
            cells = (
                f"{found[one, i, j]:.3f} at {RATES[one]:g} |"
                for j, one in enumerate(best[i])
            )
            print(f"| {arm} | {factor:g} |", *cells, flush=True)
        i = found.max(axis=0).mean(axis=1).argmax()
        factors[arm] = tried[i]
        rates[arm] = {n: RATES[j] for n, j in zip(labels, best[i], strict=True)}
    print("FACTOR =", factors)
    print("RATE =", rates)
    return factors, rates

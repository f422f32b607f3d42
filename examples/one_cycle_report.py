"""What `one_cycle.py` prints of its runs."""

import itertools

import keras


def report(found, peaks, task):
    """Prints the accuracy at the end of each budget, and the peaks."""
    seeds = len(next(iter(found["constant"].values())))
    print(
        f"{task}, {seeds} seeds, backend {keras.backend.backend()}: "
        f"validation accuracy (peak of the rate)"
    )
    budgets = list(found["constant"])
    heads = [f"after {epochs} epochs" for epochs in budgets]
    print(f"  {'':24}" + "".join(f"{head:>24}" for head in heads))
    for method, by_budget in found.items():
        cells = []
        for epochs in budgets:
            cell = ""
            if epochs in by_budget:
                ends = by_budget[epochs][:, -1]
                cell = f"{ends.mean():.4f} ± {ends.std():.4f}"
                cell += f" ({peaks[method][epochs]:g})"
            cells.append(cell)
        print(f"  {method:24}" + "".join(f"{cell:>24}" for cell in cells))


def report_thirds(found):
    """Says on how many seeds a third of the epochs was enough.

    A constant rate ends on whatever its last step left; so it is compared by
    its best epoch, too, which nobody knows without validation data.
    """
    for short, long in itertools.pairwise(found["constant"]):
        if short not in found["1cycle"]:
            continue
        end = found["constant"][long][:, -1]
        best = found["constant"][long].max(axis=1)
        print(
            f"after {short} epochs as good as the constant rate after {long} "
            f"({end.mean():.4f}), or in its best epoch ({best.mean():.4f}):"
        )
        for method in list(found)[1:]:
            ends = found[method][short][:, -1]
            print(
                f"  {method:24}{ends.mean():.4f}   on {(ends >= end).sum()} of "
                f"{len(ends)} seeds, or {(ends >= best).sum()}"
            )

"""Twelve networks that do not learn: the fault is named, the fix is made.

Networks on scikit-learn's digits and diabetes data, each broken in one classic
way (`getting_unstuck_patients.py`). `diagnostics.check_model` looks at each of
them before training, its most likely cause is compared with what was broken,
and the repairs of that finding, nothing else, are made in a copy by
`diagnostics.apply_repairs`. Both are trained, and scored on rows that were
held out: the accuracy, for the values of the diabetes data R2. Run as

    python examples/getting_unstuck.py
    KERAS_BACKEND=jax python examples/getting_unstuck.py --seeds 3
    python examples/getting_unstuck.py --page report.html

(needs scikit-learn; two minutes). `--page` writes the report of the first one
as a page to look at.
"""

import argparse

import keras
from getting_unstuck_patients import PATIENTS
from getting_unstuck_report import Result
from getting_unstuck_report import table
from one_thread import one_thread_on_torch

import keras_trainkit as ktk


def examine(patient, model, data):
    """Returns the report of the check, made before any training."""
    return ktk.diagnostics.check_model(
        model,
        *data,
        batch_size=patient.batch_size,
        epochs=patient.epochs,
    )


def treat(patient, seeds, epochs=None):
    """Returns the `Result` of one patient.

    Args:
        patient: A `Patient`.
        seeds: How many times both are trained.
        epochs: How long at most. Defaults to `None`: as long as it says.
    """
    (train, test), model = patient.data(), patient.make()
    finding = examine(patient, model, train).most_likely
    fit = {"epochs": patient.epochs, "batch_size": patient.batch_size}
    before, after = [], []
    for seed in range(seeds):
        keras.utils.set_random_seed(seed)
        before.append(score(model, [], fit, train, test, epochs))
        if finding is not None and finding.repairs:
            keras.utils.set_random_seed(seed)
            after.append(score(model, [finding], fit, train, test, epochs))
    return Result(patient, finding, before, after)


def score(model, repairs, fit, train, test, epochs):
    """Trains a copy with repairs, and returns its score on held-out rows."""
    repaired = ktk.diagnostics.apply_repairs(model, repairs, *train, fit)
    length = repaired.fit_kwargs["epochs"]
    repaired.fit(epochs=min(length, epochs or length), verbose=0)
    return repaired.score(*test)


def parse(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--page", help="where to write the first report")
    parser.add_argument(
        "--quick", action="store_true", help="three of them, briefly, for tests"
    )
    args = parser.parse_args(arguments)
    if args.seeds < 1:
        parser.error("--seeds must be at least 1")
    return args


def main(arguments=None):
    args = parse(arguments)
    one_thread_on_torch()
    chosen = PATIENTS[:3] if args.quick else PATIENTS
    if args.page:
        first, train = chosen[0], chosen[0].data()[0]
        examine(first, first.make(), train).to_html(args.page)
    results = [
        treat(one, args.seeds, 2 if args.quick else None) for one in chosen
    ]
    print(f"backend {keras.backend.backend()}, {args.seeds} seed(s)\n")
    print(table(results))
    return results


if __name__ == "__main__":
    main()

"""Rows of inputs, targets and validation data: the family X."""

import numpy as np

from keras_trainkit.diagnostics.rules.examples import HALVES
from keras_trainkit.diagnostics.rules.examples import HIDDEN
from keras_trainkit.diagnostics.rules.examples import ROWS
from keras_trainkit.diagnostics.rules.examples import SIGMOID
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule
from keras_trainkit.kernels.data_facts.rows import distinct_rows
from keras_trainkit.kernels.data_facts.rows import shared_rows

# Larger arrays are compared by a sample of their rows.
_CHEAP = 20_000_000


def _example(data, **more):
    more = {"loss": "binary_crossentropy"} | more
    return program(HIDDEN, SIGMOID, data=data, **more)


@rule(
    "X105",
    name="inputs and targets of different length",
    topic="data",
    severity="error",
    confidence=0.95,
    needs=("sample",),
    bad=_example(ROWS + HALVES + "y = y[:50]"),
    good=_example(ROWS + HALVES + "x, y = x[:50], y[:50]"),
)
def unlike_lengths(subject):
    """Every row of the inputs has its target.

    `fit` refuses other data. Look at which step lost rows before cutting the
    longer one: a target in the wrong row is worse than none.
    """
    lengths = subject.sample.lengths
    if len(set(lengths.values())) > 1:
        yield found(
            "",
            f"x has {lengths['x']} rows, y has {lengths['y']}.",
            f"assert len(x) == len(y), after every step that makes them: "
            f"{abs(lengths['x'] - lengths['y'])} rows are missing.",
        )


@rule(
    "X106",
    name="rows in both training and validation",
    topic="data",
    severity="warning",
    confidence=0.3,
    needs=("sample",),
    bad=_example(ROWS + HALVES + "validation_data = x[:30], y[:30]"),
    good=_example(
        ROWS
        + HALVES
        + "validation_data = x[40:], y[40:]\n"
        + "x, y = x[:40], y[:40]"
    ),
)
def rows_in_both(subject):
    """Rows that were trained on say nothing about new ones.

    The validation loss then falls with the training loss, overfitting stays
    unseen, and whatever chooses epochs or settings by it chooses wrong. Take
    duplicates out before data are split.
    """
    sample = subject.sample
    if sample.validation is None or sample.is_dataset:
        return
    held = sample.validation[0]
    arrays = sample.whole_x
    if sum(one.size for one in (*arrays, *held)) > _CHEAP:
        arrays = sample.x
    if len(held) != len(arrays) or distinct_rows(held) < 20:
        return
    shared, count = shared_rows(arrays, held), len(held[0])
    if shared > 0.3 * count and not _few_are_possible(held):
        yield found(
            "",
            f"{shared} of {count} rows of the validation data are rows of x.",
            "Before x is split: _, first = np.unique(x, axis=0, "
            "return_index=True); x, y = x[first], y[first]",
        )


def _few_are_possible(arrays):
    """Whether rows are alike by chance: few values, and few places for them."""
    possible = 0.0
    for one in arrays:
        flat = one.reshape(len(one), -1)[:1000]
        if flat.dtype.kind not in "biuf" or flat.shape[1] > 100:
            return False
        possible += sum(np.log(len(np.unique(part))) for part in flat.T)
    return bool(possible < np.log(100 * len(arrays[0])))

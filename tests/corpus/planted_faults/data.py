"""Arrays with holes, copies, a bad order or nothing to learn in them."""

import numpy as np
from keras import layers

from tests.corpus import arrays
from tests.corpus.planted_faults.common import adam
from tests.corpus.planted_faults.common import fault
from tests.corpus.planted_faults.common import hidden
from tests.corpus.planted_faults.common import on_digits
from tests.corpus.planted_faults.common import on_houses
from tests.corpus.planted_faults.common import sequential
from tests.corpus.program import Program


def _houses():
    x, y = arrays.houses()
    return arrays.standardized(x, 400)[:400], arrays.standardized(
        y[:, None], 400
    )[:400]


def _regressor():
    return sequential((5,), hidden(), layers.Dense(1))


def _classifier():
    return sequential((64,), hidden(), layers.Dense(10, "softmax"))


def missing_inputs():
    x, _ = _houses()
    x[17, 2] = x[230, 4] = np.nan
    return on_houses(
        _regressor(), fault("data numerics", "", "Two inputs are NaN."), x=x
    )


def infinite_target():
    _, y = _houses()
    y[31] = np.inf
    return on_houses(
        _regressor(), fault("data numerics", "", "A target is inf."), y=y
    )


def missing_targets():
    _, y = _houses()
    y[::50] = np.nan
    return on_houses(
        _regressor(), fault("data numerics", "", "Eight targets are NaN."), y=y
    )


def constant_columns():
    x, y = arrays.tags()
    x[:, 3:] = 1.0
    y = (x[:, :1] + x[:, 1:2] > 0).astype("float32")
    model = sequential((20,), hidden(), layers.Dense(1, "sigmoid"))
    model.compile(adam(), "binary_crossentropy", metrics=["accuracy"])
    return Program(
        model,
        x[:400],
        y[:400],
        epochs=30,
        validation_data=(x[400:], y[400:]),
        task="classes",
        faults=(
            fault(
                "data preprocessing",
                "",
                "Seventeen of twenty columns are 1 in every row.",
                mild=True,
            ),
        ),
    )


def one_row_in_forty():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 8)).astype("float32")
    score = x[:, 0] + x[:, 1] + rng.normal(0, 0.5, 600)
    y = (score > np.quantile(score, 0.975)).astype("float32")[:, None]
    model = sequential((8,), hidden(), layers.Dense(1, "sigmoid"))
    model.compile(adam(), "binary_crossentropy", metrics=["accuracy"])
    return Program(
        model,
        x[:480],
        y[:480],
        epochs=30,
        validation_data=(x[480:], y[480:]),
        task="classes",
        faults=(
            fault("data", "", "97.5 % are of one class; accuracy says 97.5 %."),
        ),
    )


def nine_of_ten_digits_are_one():
    x, y = arrays.digits()
    rare = np.flatnonzero(y != 1)[:25]
    rows = np.concatenate([rare, np.resize(np.flatnonzero(y == 1), 400)])
    rows = np.random.default_rng(0).permutation(rows)
    x = x + np.random.default_rng(1).normal(0, 0.01, x.shape).astype("float32")
    return on_digits(
        _classifier(),
        fault("data", "", "94 % of the rows are the digit 1."),
        x=x[rows],
        y=y[rows],
    )


def held_out_rows_that_were_trained_on():
    x, y = _houses()
    return on_houses(
        _regressor(),
        fault("data", "", "Half of the validation rows are training rows."),
        validation_data=(
            np.concatenate([x[:50], x[:50] + 0.1]),
            np.concatenate([y[:50], y[:50]]),
        ),
    )


def constant_targets():
    _, y = _houses()
    return on_houses(
        _regressor(),
        fault("data", "", "Every target is the same."),
        y=np.full_like(y, 3.0),
    )


def one_label_alone():
    return on_digits(
        _classifier(),
        fault("data", "", "Every label is 0."),
        y=np.zeros(600, "int32"),
    )


def sorted_by_label():
    x, y = arrays.digits()
    order = np.argsort(y[:600], kind="stable")
    return on_digits(
        _classifier(),
        fault(
            "data",
            "",
            "Rows come label by label and are not shuffled.",
        ),
        x=x[order],
        y=y[order],
        shuffle=False,
    )


def repeated_rows():
    """Forty rows copied fifteen times look like six hundred."""
    x, y = arrays.digits()
    return on_digits(
        _classifier(),
        fault("data", "", "There are forty rows; each stands in 15 times."),
        x=np.tile(x[:40], (15, 1)),
        y=np.tile(y[:40], 15),
        validation_data=(np.tile(x[:40], (2, 1)), np.tile(y[:40], 2)),
    )


def blank_images():
    """A reader that failed: every image is black."""
    x, _ = arrays.digit_images()
    model = sequential(
        (28, 28, 1),
        layers.Conv2D(16, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(10, "softmax"),
    )
    return on_digits(
        model,
        fault("data", "", "Every pixel of every image is 0."),
        x=np.zeros_like(x[:600]),
        epochs=10,
    )


PROGRAMS = {
    "missing_inputs": missing_inputs,
    "infinite_target": infinite_target,
    "missing_targets": missing_targets,
    "constant_columns": constant_columns,
    "one_row_in_forty": one_row_in_forty,
    "nine_of_ten_digits_are_one": nine_of_ten_digits_are_one,
    "held_out_rows_that_were_trained_on": held_out_rows_that_were_trained_on,
    "constant_targets": constant_targets,
    "one_label_alone": one_label_alone,
    "sorted_by_label": sorted_by_label,
    "repeated_rows": repeated_rows,
    "blank_images": blank_images,
}

"""Too few updates, batches of one row or of all rows."""

from keras import layers
from keras import optimizers

from tests.corpus.planted_faults.common import fault
from tests.corpus.planted_faults.common import hidden
from tests.corpus.planted_faults.common import on_digits
from tests.corpus.planted_faults.common import on_houses
from tests.corpus.planted_faults.common import sequential


def one_epoch():
    return on_digits(
        sequential((64,), hidden(), layers.Dense(10, "softmax")),
        fault("epochs batch_size", "", "Five updates in all."),
        batch_size=128,
        epochs=1,
    )


def three_epochs_of_a_regression():
    return on_houses(
        sequential((5,), hidden(), hidden(), layers.Dense(1)),
        fault("epochs batch_size", "", "Twelve updates in all."),
        batch_size=100,
        epochs=3,
    )


def batch_of_everything():
    return on_digits(
        sequential((64,), hidden(), layers.Dense(10, "softmax")),
        fault(
            "batch_size epochs",
            "",
            "All 600 rows make one batch: ten updates in ten epochs.",
        ),
        batch_size=600,
        epochs=10,
    )


def batch_beyond_everything():
    return on_houses(
        sequential((5,), hidden(), layers.Dense(1)),
        fault(
            "batch_size epochs",
            "",
            "A batch of 2048 for 400 rows: twenty updates in all.",
        ),
        batch_size=2048,
        epochs=20,
    )


def batch_of_one():
    return on_digits(
        sequential((64,), hidden(), layers.Dense(10, "softmax")),
        fault(
            "batch_size learning_rate",
            "",
            "Each row makes a step of its own at a rate for batches.",
        ),
        optimizer=optimizers.SGD(0.1, momentum=0.9),
        batch_size=1,
        epochs=10,
    )


PROGRAMS = {
    "one_epoch": one_epoch,
    "three_epochs_of_a_regression": three_epochs_of_a_regression,
    "batch_of_everything": batch_of_everything,
    "batch_beyond_everything": batch_beyond_everything,
    "batch_of_one": batch_of_one,
}

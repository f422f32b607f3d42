"""Lines and powers of one number."""

import numpy as np

from tests.corpus import arrays
from tests.corpus.real_programs.common import SGD
from tests.corpus.real_programs.common import Adam
from tests.corpus.real_programs.common import asked
from tests.corpus.real_programs.common import dense
from tests.corpus.real_programs.common import fault
from tests.corpus.real_programs.common import sequential


def _halves(x, y):
    """Every other row, and those between."""
    x, y = (np.asarray(v, "float32").reshape(len(v), -1) for v in (x, y))
    return (x[::2], y[::2]), (x[1::2], y[1::2])


def twice_the_number(fixed):
    x = np.arange(200.0)
    scale = 200 if fixed else 1
    model = sequential((1,), dense(1))
    model.compile(SGD(0.1 if fixed else 0.001), "mean_squared_error")
    return asked(
        fixed,
        model,
        *_halves(x / scale, 2 * x / scale),
        fault(
            "learning_rate preprocessing data",
            "",
            "Inputs of up to 199 make steps at 0.001 diverge at once.",
        ),
        batch_size=1,
        epochs=20 if fixed else 1,
        task="regression",
        source="https://github.com/keras-team/keras/issues/3040",
        fix="A lower rate there; here the numbers are scaled instead.",
    )


def televisions_and_life(fixed):
    rng = np.random.default_rng(0)
    people = rng.lognormal(3, 1.5, 80)
    years = 75 - 3 * np.log(people) + rng.normal(0, 3, 80)
    x, y = people[:, None], years[:, None]
    if fixed:
        x, y = arrays.standardized(x, 80), arrays.standardized(y, 80)
    model = sequential((1,), dense(1, "linear"))
    model.compile("sgd", "mse", metrics=["mse"])
    return asked(
        fixed,
        model,
        *_halves(x, y),
        fault(
            "preprocessing data learning_rate",
            "",
            "People per television set, up to hundreds: the loss is NaN.",
        ),
        batch_size=1,
        epochs=30,
        shuffle=False,
        task="regression",
        source="https://stats.stackexchange.com/questions/284189/"
        "simple-linear-regression-in-keras",
        fix="Both columns standardised.",
    )


def double_up_to_a_thousand(fixed):
    x = np.arange(1.0, 1000)
    scale = 1000 if fixed else 1
    model = sequential(
        (1,),
        dense(128, "relu"),
        dense(1, "linear" if fixed else "relu", name="double"),
    )
    model.compile(
        "adam" if fixed else "sgd",
        "mean_squared_error",
        metrics=[] if fixed else ["accuracy"],
    )
    return asked(
        fixed,
        model,
        *_halves(x / scale, 2 * x / scale),
        fault(
            "preprocessing data learning_rate",
            "",
            "Inputs up to 999 overshoot in the first step.",
        ),
        fault("activation", "double", "The last ReLU is dead from then on."),
        batch_size=20 if fixed else 100,
        epochs=20,
        task="regression",
        source="https://stackoverflow.com/questions/50787555",
        fix="Scaled numbers, a linear output, no accuracy.",
    )


def fourth_power(fixed):
    x = np.arange(-100.0, 100)
    y = x**4
    model = sequential((1,), dense(50, "sigmoid"), dense(50, "elu"), dense(1))
    model.compile(Adam(0.01) if fixed else "adam", "mse")
    return asked(
        fixed,
        model,
        *_halves(*((x / 100, y / 1e8) if fixed else (x, y))),
        fault("preprocessing data", "", "Targets of up to 1e8."),
        fault(
            "preprocessing activation data",
            "",
            "Inputs of up to 100 saturate the sigmoids.",
        ),
        batch_size=20,
        epochs=200,
        task="regression",
        source="https://stackoverflow.com/questions/52800582/"
        "why-do-i-fail-to-predict-y-x4-with-keras-y-x3-works",
        fix="Inputs and targets scaled.",
    )


def twice_minus_one(fixed):
    x = np.arange(-1.0, 6)[:, None]
    model = sequential(
        (1,),
        dense(16 if fixed else 4, "relu"),
        dense(16 if fixed else 2, "relu"),
        dense(1, None if fixed else "relu", name="result"),
    )
    model.compile(Adam(0.01 if fixed else 0.001), "mse")
    return asked(
        fixed,
        model,
        (x, 2 * x - 1),
        (x, 2 * x - 1),
        fault(
            "activation",
            "result",
            "A ReLU at the end: it cannot be negative, and often it is dead.",
        ),
        fault("architecture activation", "", "Four and two ReLUs."),
        epochs=500,
        task="regression",
        source="https://community.deeplearning.ai/t/"
        "loss-values-do-not-change/324182",
        fix="No ReLU at the end, more units (and here a higher rate).",
    )


def square_of_the_row(fixed):
    x = np.arange(100.0)
    y = x**2 + 3
    x = (x - x.mean()) / x.std()
    if fixed:
        y = (y - y.mean()) / y.std()
        stack = [dense(32, "tanh"), dense(1)]
    else:
        stack = [dense(1, name="first"), dense(1, name="second")]
    model = sequential((1,), *stack)
    model.compile(SGD(0.05) if fixed else "sgd", "mse")
    return asked(
        fixed,
        model,
        *_halves(x, y),
        fault(
            "preprocessing data learning_rate",
            "second",
            "Targets of up to 9804: the two layers diverge.",
        ),
        fault("activation", "first", "Two linear layers for a parabola."),
        batch_size=10,
        epochs=300,
        task="regression",
        source="https://stats.stackexchange.com/questions/418955",
        fix="A scaled target (and an activation, without which no square).",
    )


def sum_of_two_numbers(fixed):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 10, (400, 2)).astype("float32")
    y = x.sum(-1, keepdims=True)
    model = sequential((2,), dense(1, "linear" if fixed else "tanh", name="s"))
    model.compile(
        "rmsprop" if not fixed else SGD(0.01),
        "mse" if fixed else "mean_absolute_error",
    )
    return asked(
        fixed,
        model,
        *_halves(x, y),
        fault(
            "activation preprocessing data", "s", "Sums of up to 18 from tanh."
        ),
        batch_size=16,
        epochs=20,
        task="regression",
        source="https://github.com/keras-team/keras/issues/108",
        fix="A linear output and squared errors.",
    )


PROGRAMS = {
    "twice_the_number": twice_the_number,
    "televisions_and_life": televisions_and_life,
    "double_up_to_a_thousand": double_up_to_a_thousand,
    "fourth_power": fourth_power,
    "twice_minus_one": twice_minus_one,
    "square_of_the_row": square_of_the_row,
    "sum_of_two_numbers": sum_of_two_numbers,
}

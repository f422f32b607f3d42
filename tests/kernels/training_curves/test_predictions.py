"""Whether predictions depend on the rows: closed cases."""

import numpy as np
import pytest

from keras_trainkit.kernels.training_curves import predictions as p

RNG = np.random.default_rng(0)
CONSTANT = {
    "zeros": (np.zeros((8, 1)), True),
    "one row": (np.ones((1, 3)), False),
    "equal rows": (np.tile([0.2, 0.3, 0.5], (8, 1)), True),
    "equal but for rounding": (1 + 1e-6 * RNG.normal(size=(8, 1)), True),
    "different": (RNG.normal(size=(8, 1)), False),
    "NaN": (np.full((8, 1), np.nan), False),
    "one row differs": (np.r_[np.zeros((7, 1)), np.ones((1, 1))], False),
}


@pytest.mark.parametrize("outputs, said", CONSTANT.values(), ids=CONSTANT)
def test_outputs_that_do_not_depend_on_the_row(outputs, said):
    assert p.is_constant(outputs) == said
    assert p.is_constant(1e3 * outputs) == said


CLASSES = {
    "columns": (np.eye(3)[[0, 1, 1, 1]], 0.5, (1, 0.75)),
    "one column": (np.array([[0.2], [0.9], [0.3], [0.1]]), 0.5, (0, 0.75)),
    "scores": (np.array([-2.0, 1.0, 0.3, 2.0]), 0.0, (1, 0.75)),
}


@pytest.mark.parametrize("outputs, bound, said", CLASSES.values(), ids=CLASSES)
def test_the_class_of_most_rows(outputs, bound, said):
    assert p.top_class(outputs, bound) == said


CLIPPED = {
    "relu": ([0.0, 0.0, 3.0, 0.0], [-1.0, -2.0, 3.0, -1.0], 0, np.inf),
    "sigmoid": ([1.0, 1.0, 1.0, 0.5], [9.0, 8.0, 7.0, 0.5], 0, 1),
    "tanh": ([-1.0, 1.0, 1.0, 0.5], [-9.0, 8.0, 7.0, 0.5], -1, 1),
}


@pytest.mark.parametrize("case", CLIPPED.values(), ids=CLIPPED)
def test_what_an_activation_clips(case):
    assert p.clipped_share(*case) == (0.75, 0.75)


def test_nothing_is_clipped_without_bounds():
    outputs = np.array([0.0, 5.0])
    assert p.clipped_share(outputs, outputs, -np.inf, np.inf) == (0.0, 0.0)

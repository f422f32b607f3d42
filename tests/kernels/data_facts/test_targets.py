import numpy as np
import pytest

from keras_trainkit.kernels.data_facts.targets import target_facts

ROW = np.arange(60)


@pytest.mark.parametrize(
    "kind, y",
    [
        ("binary", ROW % 2),
        ("binary", (ROW % 2)[:, None].astype("float32")),
        ("binary", ROW % 2 == 0),
        ("binary", np.zeros(4)),
        ("signed", 2 * (ROW % 2) - 1),
        ("classes", ROW % 3),
        ("classes", ROW % 5 * 1.0),
        ("classes_from_one", ROW % 3 + 1),
        ("integers", ROW),
        ("integers", ROW % 3 * 10),
        ("integers", ROW[:6]),
        ("unit", ROW / 60),
        ("real", ROW / 7),
        ("one_hot", np.eye(4)[ROW % 4]),
        (
            "multi_hot",
            np.eye(4)[ROW % 4] + np.eye(4)[0] * (ROW[:, None] % 4 > 0),
        ),
        ("distribution", np.full((60, 4), 0.25)),
        ("unit", np.full((60, 4), 0.3)),
        ("real", np.full((60, 4), 1.5)),
        ("text", np.array(["a", "b"] * 30)),
        ("unknown", np.full(5, np.nan)),
    ],
)
def test_kinds(kind, y):
    assert target_facts(y).kind == kind


def test_values_that_are_none_are_left_out():
    facts = target_facts(np.array([1.0, np.nan, 2.5, np.inf]))
    assert (facts.lowest, facts.highest, facts.mean) == (1.0, 2.5, 1.75)


def test_the_last_axis_need_not_run_over_classes():
    masks = np.eye(4)[ROW % 4].reshape(15, 4, 4)
    assert target_facts(masks).kind == "one_hot"
    assert target_facts(masks, class_axis=False).kind == "binary"


def test_counts_and_the_largest_share():
    facts = target_facts(np.array([0, 0, 0, 1]))
    assert (facts.classes, facts.counts) == ((0, 1), (3, 1))
    assert facts.largest_share == 0.75
    assert np.isnan(target_facts(ROW / 7).largest_share)


@pytest.mark.parametrize(
    "constant, y",
    [
        (True, np.ones(5)),
        (True, np.eye(3)[np.zeros(9, int)]),
        (True, np.array(["a"] * 5)),
        (False, ROW % 2),
        (False, np.eye(3)[ROW % 3]),
        (False, np.array([[1, 0], [0, 1]])),
    ],
)
def test_constant(constant, y):
    assert target_facts(y).constant is constant

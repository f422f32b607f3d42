"""When weights are pruned, and how many."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_trainkit.kernels.sparsity.course import Course
from keras_trainkit.kernels.sparsity.course import counts
from keras_trainkit.kernels.sparsity.course import cubic
from keras_trainkit.kernels.sparsity.course import is_due

COURSES = st.builds(
    lambda start, span, frequency: Course(start, start + span, frequency),
    st.integers(0, 30),
    st.integers(0, 60),
    st.integers(1, 40),
)


def test_the_sparsities_are_those_of_zhu_and_gupta():
    course = Course(start=10, end=110, frequency=25)
    steps = np.array([10, 35, 60, 85, 110])
    wanted = 0.9 + (0 - 0.9) * (1 - (steps - 10) / (4 * 25)) ** 3
    np.testing.assert_allclose(course.sparsities(0.9, cubic), wanted)


@given(COURSES)
def test_the_events_are_those_that_are_due(course):
    due = [
        n
        for n in range(course.end + 1)
        if is_due(n, course.start, course.end, course.frequency)
    ]
    assert due == course.events()
    assert [course.latest(n) for n in due] == [*range(len(due))]
    assert course.latest(course.start - 1) == -1
    assert course.latest(course.end + 1000) == len(due) - 1


@given(
    st.floats(0.01, 0.99),
    st.lists(st.integers(2, 1000), min_size=1, max_size=4),
)
def test_counts_are_the_nearest_and_never_all(sparsity, sizes):
    (found,) = counts([sparsity], sizes)
    exact = sparsity * np.array(sizes)
    assert (found < sizes).all()
    near = np.abs(found - exact) <= 0.5 + 1e-9
    assert (near | (found == np.array(sizes) - 1)).all()


def test_all_groups_of_four_are_pruned_at_a_half():
    assert counts([0.25, 0.5], [7], per_item=0.5).tolist() == [[4], [7]]


@pytest.mark.parametrize(
    ("schedule", "match"),
    [
        (lambda p: 1 - p, "never fall"),
        (lambda p: 0.5 * p, "reach 1"),
        (lambda p: 2 * p, "from 0 to 1"),
        (lambda p: float("nan"), "from 0 to 1"),
    ],
    ids=["falls", "ends low", "too large", "nan"],
)
def test_bad_schedules_are_refused(schedule, match):
    with pytest.raises(ValueError, match=match):
        Course(0, 10, 5).sparsities(0.5, schedule)


def test_the_ends_of_a_bad_schedule_are_told():
    match = r"values: \[0.0, 0.125, 0.25\] ... \[0.25, 0.375, 0.5\]"
    with pytest.raises(ValueError, match=match):
        Course(0, 20, 5).sparsities(0.5, lambda p: p / 2)


def test_a_schedule_of_no_numbers_is_refused():
    with pytest.raises(TypeError, match="number"):
        Course(0, 10, 5).sparsities(0.5, lambda p: np.ones(2))

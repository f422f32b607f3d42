import numpy as np
import pytest

from keras_trainkit.uncertainty.sample_count import SampleCount
from keras_trainkit.uncertainty.sample_count import doublings
from keras_trainkit.uncertainty.sample_count import sample_count

AUTO = {"tolerance": None, "max_samples": None, "return_samples": False}


def count(samples, **options):
    return sample_count(samples, **{**AUTO, **options})


@pytest.mark.parametrize(
    "first, most, expected",
    [
        (32, 1000, (32, 64, 128, 256, 512, 1000)),
        (32, 64, (32, 64)),
        (32, 65, (32, 64, 65)),
        (32, 20, (20,)),
    ],
)
def test_doublings(first, most, expected):
    assert doublings(first, most) == expected


def test_a_number_is_taken_as_it_is():
    assert count(np.int64(7)) == SampleCount((7,), None)


def test_auto_has_defaults():
    found = count("auto")
    assert found.totals == (32, 64, 128, 256, 512, 1000)
    assert found.tolerance == 0.01


@pytest.mark.parametrize(
    "samples, options, error, match",
    [
        ("all", {}, ValueError, '`samples` must be .* or "auto"'),
        (1, {}, ValueError, "`samples` must be an integer of at least 2"),
        (5, {"tolerance": 0.1}, ValueError, "`tolerance` must be `None`"),
        (5, {"max_samples": 9}, ValueError, "`max_samples` must be `None`"),
        ("auto", {"return_samples": True}, ValueError, "`return_samples` must"),
        ("auto", {"tolerance": 0}, ValueError, "`tolerance` must be a number"),
        ("auto", {"tolerance": np.nan}, ValueError, "`tolerance` must be"),
        ("auto", {"tolerance": {"y": -1}}, ValueError, "`tolerance` must be"),
        ("auto", {"tolerance": "low"}, TypeError, "`tolerance` must be"),
        ("auto", {"max_samples": 1}, ValueError, "`max_samples` must be"),
        ("auto", {"max_samples": 50.0}, TypeError, "`max_samples` must be"),
    ],
)
def test_what_is_refused(samples, options, error, match):
    with pytest.raises(error, match=match):
        count(samples, **options)


def statistics(spread, samples):
    squares = np.float32([[samples * spread**2, 0.0]])
    return {"count": np.float32(samples), "squares": squares}


@pytest.mark.parametrize(
    "tolerance, expected",
    [
        (0.4, False),
        (0.5, True),
        ({"one": 0.5, "two": 0.1}, True),
        ({"one": 0.4}, False),
        ({"two": 0.1}, True),
    ],
)
def test_all_standard_errors_have_to_be_within_their_tolerance(
    tolerance, expected
):
    found = [statistics(2.0, 17), statistics(0.4, 17)]
    reached = SampleCount((17,), tolerance).reached(found, ["one", "two"])
    assert reached is expected


def test_what_is_no_number_is_never_within():
    found = [statistics(np.nan, 17)]
    assert not SampleCount((17,), 1.0).reached(found, ["one"])


def test_a_tolerance_for_no_output_is_refused():
    with pytest.raises(ValueError, match=r"outputs among \['one'\]"):
        SampleCount((2,), {"two": 1}).reached([statistics(1, 2)], ["one"])

import numpy as np
import pytest
from matplotlib import pyplot

from keras_trainkit.scheduling.learning_rate_search import LearningRateSearch

RATES = np.geomspace(1e-5, 1.0, 60)
LOSSES = 1 / (1 + RATES / 1e-3) + 0.2
DIVERGED = np.append(LOSSES, [np.nan])


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def test_the_divergence_is_kept_but_not_read():
    search = LearningRateSearch([*RATES, 2.0], DIVERGED)
    assert len(search.losses) == len(search.smoothed_losses) == 61
    assert np.isnan(search.smoothed_losses).nonzero()[0].tolist() == [60]
    expected = LearningRateSearch(RATES, LOSSES)
    assert search.suggestion() == expected.suggestion()
    assert search.suggestion("steepest") == expected.suggestion("steepest")


def test_suggestions_are_python_floats_within_the_rates():
    search = LearningRateSearch(RATES, LOSSES)
    assert type(search.suggestion()) is float
    assert RATES[0] < search.suggestion("steepest") < RATES[-1]


@pytest.mark.parametrize("smoothing, equal", [(0.0, True), (0.9, False)])
def test_the_smoothing_is_the_one_asked_for(smoothing, equal):
    search = LearningRateSearch(RATES, LOSSES, smoothing)
    assert np.array_equal(search.smoothed_losses, LOSSES) == equal


def test_the_plot_marks_both_suggestions():
    ax = LearningRateSearch(RATES, LOSSES).plot()
    assert len(ax.lines) == 4


def test_a_curve_without_slope_is_drawn_and_refused():
    search = LearningRateSearch(RATES, np.ones(60))
    assert len(search.plot().lines) == 2
    with pytest.raises(ValueError, match="slope to read"):
        search.suggestion()


def test_the_repr_says_what_was_found():
    search = LearningRateSearch([*RATES, 2.0], DIVERGED)
    assert repr(search) == (
        "<LearningRateSearch: 61 steps, learning rates 1e-05 to 2, suggests "
        f"{search.suggestion():.2g}>"
    )


def test_the_repr_says_in_one_line_why_nothing_is_suggested():
    said = repr(LearningRateSearch(RATES, np.ones(60)))
    assert "suggests nothing: Expected a learning-rate search with a" in said
    assert "\n" not in said


def test_one_search_is_its_only_pass():
    search = LearningRateSearch(RATES, LOSSES)
    assert search.passes == (search,)
    assert search.steps == 60


def test_several_passes_are_counted_and_told():
    search = LearningRateSearch(RATES, LOSSES)
    search.passes = (LearningRateSearch(RATES[:40], LOSSES[:40]), search)
    assert search.steps == 100
    assert repr(search).startswith("<LearningRateSearch: 100 steps in 2 passes")


UNCLEAR = {
    "no noise": (LOSSES, False),
    "a fall of one and a half times its noise": (
        LOSSES + 0.5 * np.random.default_rng(0).normal(size=60),
        True,
    ),
    "too few steps": (LOSSES[:4], False),
}


@pytest.mark.parametrize("losses, unclear", UNCLEAR.values(), ids=UNCLEAR)
def test_only_noise_makes_it_unclear(losses, unclear):
    search = LearningRateSearch(RATES[: len(losses)], losses)
    assert search.unclear() == unclear


@pytest.mark.parametrize("first", [np.nan, np.inf])
def test_a_first_loss_that_is_not_finite_is_not_the_rates_fault(first):
    search = LearningRateSearch(RATES[:1], [first])
    with pytest.raises(
        ValueError, match=f"before any update. Received: {first}"
    ):
        search.suggestion()


BAD = {
    "another length": ((RATES, LOSSES[1:]), {}, "sequences of one length"),
    "a matrix": ((RATES[None], LOSSES[None]), {}, "two one-dimensional"),
    "none": (([], []), {}, "sequences of one length"),
    "falling rates": ((RATES[::-1], LOSSES), {}, "above 0 and increasing"),
    "a rate of 0": (([0.0, 1.0], [1.0, 1.0]), {}, "above 0 and increasing"),
    "smoothing": ((RATES, LOSSES), {"smoothing": 1}, "`smoothing` must be"),
    "threshold": (
        (RATES, LOSSES),
        {"early_stop_threshold": 1},
        "`early_stop_threshold` must be",
    ),
}


@pytest.mark.parametrize("curve, options, message", BAD.values(), ids=BAD)
def test_what_is_no_search_is_refused(curve, options, message):
    with pytest.raises(ValueError, match=message):
        LearningRateSearch(*curve, **options)

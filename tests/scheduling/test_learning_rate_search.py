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
    assert LearningRateSearch.of_passes([search]) is search


def test_noise_in_one_pass_is_less_in_the_mean_of_several():
    noise = 2 * np.random.default_rng(1).normal(size=(9, 60))
    passes = [LearningRateSearch(RATES, LOSSES + n) for n in noise]
    assert passes[0].too_noisy()
    search = LearningRateSearch.of_passes(passes)
    assert not search.too_noisy()
    np.testing.assert_allclose(search.losses, LOSSES + noise.mean(axis=0))
    clean = LearningRateSearch(RATES, LOSSES).suggestion()
    assert clean / 4 < search.suggestion() < 4 * clean
    assert search.passes == tuple(passes)
    assert repr(search).startswith("<LearningRateSearch: 540 steps in 9 passes")


@pytest.mark.parametrize("threshold, read", [(4.0, 50), (None, 60)])
def test_the_mean_is_read_as_asked_for(threshold, read):
    losses = np.where(np.arange(60) < 50, LOSSES, 1e6)
    passes = [LearningRateSearch(RATES, losses, 0.0, threshold)] * 2
    search = LearningRateSearch.of_passes(passes, 0.0, threshold)
    assert np.isfinite(search.smoothed_losses).sum() == read
    np.testing.assert_array_equal(search.smoothed_losses[:50], losses[:50])


def test_too_few_steps_are_not_noise():
    assert not LearningRateSearch(RATES[:4], LOSSES[:4]).too_noisy()


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

"""The best is that of the means, and said to be better only beyond noise."""

import numpy as np
import pytest
from matplotlib import pyplot

from keras_trainkit.transfer.depth_search.result import Choice
from keras_trainkit.transfer.depth_search.result import DepthSearch
from keras_trainkit.transfer.depth_search.space import SCRATCH
from keras_trainkit.transfer.depth_search.space import Configuration

pytestmark = pytest.mark.one_backend
FROZEN = Configuration(3, 3, None, None)
TRAINED = Configuration(3, 0, None, 0.1)


def choice(configuration, *scores, complete=True):
    return Choice(configuration, scores, 2.0, 10, complete)


def search(*choices, upwards=True, **others):
    return DepthSearch(choices, upwards, "val_acc", str, **others)


CHOICES = (
    choice(SCRATCH, 0.6, 0.62),
    choice(FROZEN, 0.7, 0.7),
    choice(TRAINED, 0.5, 0.8),
    choice(Configuration(1, 1, "drop", None), 0.99, complete=False),
)


def test_the_best_mean_comes_first_and_what_was_pruned_last():
    found = search(*CHOICES)
    order = [one.configuration for one in found.choices]
    assert order[:3] == [FROZEN, TRAINED, SCRATCH]
    assert (found.best, found.scratch) == (CHOICES[1], CHOICES[0])
    assert found.best_model() == "3 frozen"
    assert found.beats_scratch
    down = search(*CHOICES, upwards=False)
    assert down.best.configuration == SCRATCH
    assert [c.complete for c in down.choices] == [True] * 3 + [False]


def test_mean_deviation_and_error_are_those_of_the_seeds():
    one = choice(FROZEN, 1.0, 2.0, 6.0)
    assert one.mean == 3.0
    np.testing.assert_allclose([one.std**2, one.standard_error**2], [7, 7 / 3])


VERDICTS = {
    "beyond the noise": (
        (choice(SCRATCH, 0.6, 0.62), choice(FROZEN, 0.7, 0.7)),
        "3 frozen: better than from scratch by 0.09, noise 0.02.",
        True,
    ),
    "within the noise": (
        (choice(SCRATCH, 0.5, 0.7), choice(FROZEN, 0.6, 0.7)),
        "No choice beats training from scratch beyond the noise (3 frozen: "
        "better than from scratch by 0.05, noise 0.22).",
        False,
    ),
    "scratch itself": (
        (choice(SCRATCH, 0.8, 0.7), choice(FROZEN, 0.6, 0.7)),
        "No choice beats training from scratch.",
        False,
    ),
    "no scratch": (
        (choice(FROZEN, 0.6, 0.7),),
        "From scratch was not trained to the end: no comparison.",
        None,
    ),
    "nothing": ((), "No configuration was trained with all seeds.", None),
}


@pytest.mark.parametrize(
    "choices, words, beats", VERDICTS.values(), ids=VERDICTS
)
def test_it_says_what_the_best_is_worth(choices, words, beats):
    found = search(*choices)
    assert found.verdict() == words
    assert found.beats_scratch is beats
    assert words in str(found) and words in repr(found)


def test_the_table_has_a_row_for_each_choice():
    text = str(search(*CHOICES, interrupted=True)).splitlines()
    assert text[0].split() == [
        "configuration",
        "val_acc",
        "std",
        "std",
        "error",
        "seeds",
        "seconds",
    ]
    assert text[1].split() == ["3", "frozen", "0.7", "0", "0", "2", "2.0"]
    assert text[4].split()[-6:] == ["(pruned)", "0.99", "-", "-", "1", "2.0"]
    assert text[5] == "Interrupted."


def test_without_a_complete_choice_there_is_no_best_model():
    with pytest.raises(ValueError, match="trained with all seeds"):
        search(CHOICES[-1]).best_model()


def test_the_plot_has_them_all_but_those_never_scored():
    ax = search(*CHOICES, choice(TRAINED, complete=False)).plot()
    labels = [text.get_text() for text in ax.get_yticklabels()]
    assert labels[0] == "3 frozen" and len(labels) == 4
    pyplot.close("all")

"""The picture of a `fit`: what is drawn where."""

from types import SimpleNamespace

import numpy as np
import pytest

import keras_trainkit as ktk

HISTORY = {
    "accuracy": [0.2, 0.5, 0.8, 0.9],
    "loss": [4.0, 3.0, 2.0, 1.0],
    "val_accuracy": [0.3, 0.5],
    "val_loss": [3.5, 3.6],
    "clean_loss": [3.9, np.nan, np.nan, 0.9],
    "learning_rate": [0.1] * 4,
}


def test_each_metric_has_a_panel_and_each_curve_its_place():
    loss, accuracy = ktk.plots.learning_curves(HISTORY)
    assert [ax.get_ylabel() for ax in (loss, accuracy)] == ["loss", "accuracy"]
    lines = {line.get_label(): line for line in loss.lines}
    np.testing.assert_array_equal(lines["training"].get_xdata(), [1, 2, 3, 4])
    # Every second epoch.
    np.testing.assert_array_equal(lines["validation"].get_xdata(), [2, 4])
    clean = lines["training, as evaluated"]
    np.testing.assert_array_equal(clean.get_xdata(), [1, 4])
    # The lowest validation loss, in every panel.
    assert lines["best: epoch 2"].get_xdata()[0] == 2
    dots = [line for line in accuracy.lines if line.get_marker() == "o"]
    assert [dot.get_ydata()[0] for dot in dots] == [0.5, 0.3]


def test_names_and_marks_may_come_one_by_one():
    marks = zip([1], ["D104"], strict=True)
    (ax,) = ktk.plots.learning_curves(HISTORY, {"loss": 0}.keys(), marks=marks)
    assert [text.get_text() for text in ax.texts] == ["D104"]


def test_stages_and_marks():
    stages = [SimpleNamespace(first_epoch=2, name="all")]
    history = SimpleNamespace(history=HISTORY, stages=stages)
    marks = [(1, "D104"), (1, "D106")]
    loss, accuracy = ktk.plots.learning_curves(history, marks=marks)
    assert [text.get_text() for text in accuracy.texts] == ["all"]
    assert [text.get_text() for text in loss.texts] == ["all", "D104, D106"]
    given = ktk.plots.learning_curves(HISTORY, ["loss"], stages={0: "head"})
    assert given[0].texts[0].get_position() == (3, -3)
    assert given[0].texts[0].xy[0] == 0.5


def seen(history, **options):
    ax = ktk.plots.learning_curves(history, ["loss"], **options)[0]
    lines = {line.get_label(): line for line in ax.lines}
    return list(lines["validation"].get_xdata())


def test_validations_stand_where_they_were_made():
    eight = {"loss": [1.0] * 8, "val_loss": [3.0, 2.0]}
    assert seen(eight, validation_freq=3) == [3, 6]
    with pytest.raises(ValueError, match=r"may be of \[3, 4\]"):
        seen(eight)
    # Epochs 6 to 10: Keras counts on where a `fit` goes on.
    later = SimpleNamespace(
        epoch=list(range(5, 10)), history={"loss": [1.0] * 5, "val_loss": [2.0]}
    )
    assert seen(later, validation_freq=4) == [3]


def test_it_draws_into_the_axes_it_is_given():
    from matplotlib import pyplot

    axes = pyplot.figure().subplots(1, 2)
    drawn = ktk.plots.learning_curves(HISTORY, axes=axes)
    assert drawn == list(axes)
    with pytest.raises(ValueError, match="2 Axes"):
        ktk.plots.learning_curves(HISTORY, axes=axes[:1])


BAD = {
    "a metric": ((HISTORY, ["mae"]), ValueError, "'loss', 'accuracy'"),
    "nothing": (({"loss": []},), ValueError, "at least one epoch"),
    "a string": ((HISTORY, "loss"), TypeError, "a list of names"),
    "a frequency": (
        (HISTORY, None, None, (), None, 3),
        ValueError,
        "2 values of val_accuracy in 4 epochs may be of none",
    ),
    "rows": (({"loss": [[1.0, 2.0]]},), ValueError, "one number an epoch"),
    "a list": (([1.0],), TypeError, "what `fit` returns"),
}


@pytest.mark.parametrize("arguments, kind, words", BAD.values(), ids=BAD)
def test_what_cannot_be_drawn_is_refused(arguments, kind, words):
    with pytest.raises(kind, match=words):
        ktk.plots.learning_curves(*arguments)


def test_epochs_are_whole_numbers_on_the_axis():
    (ax,) = ktk.plots.learning_curves({"loss": [3.0, 2.0, 1.0]})
    ax.figure.canvas.draw()
    assert all(float(tick).is_integer() for tick in ax.get_xticks())


def test_axes_with_ticks_of_their_own_keep_them():
    (ax,) = ktk.plots.learning_curves({"loss": [1.0]})
    ax.set_xticks([1, 3])
    ktk.plots.learning_curves({"loss": [3.0, 2.0, 1.0]}, axes=ax)
    assert list(ax.get_xticks()) == [1, 3]


def test_marks_that_are_near_share_a_text_but_no_line():
    marks = [(12, "D106"), (10, "D104"), (60, "D105")]
    (ax,) = ktk.plots.learning_curves({"loss": [1.0] * 99}, marks=marks)
    texts = [text.get_text() for text in ax.texts]
    assert sorted(texts) == ["", "D104, D106", "D105"]
    lines = {
        line.get_xdata()[0] for line in ax.lines if len(line.get_xdata()) == 2
    }
    assert {11, 13, 61} <= lines


def test_a_long_mark_leaves_the_curves_their_room():
    def height(marks):
        (ax,) = ktk.plots.learning_curves({"loss": [3.0, 2.0]}, marks=marks)
        ax.figure.canvas.draw()
        return ax.get_position().height

    assert height([(1, "D104 " * 40)]) == pytest.approx(height([]))

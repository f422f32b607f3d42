"""One history goes on through several fits."""

import pytest

from keras_trainkit.transfer.staged_training.history import Stage
from keras_trainkit.transfer.staged_training.history import StagedHistory

pytestmark = pytest.mark.one_backend


class Model:
    history = None


def two_stages():
    history = StagedHistory()
    history.set_model(Model())
    for name, epochs in {"head": [0, 1], "all": [2]}.items():
        stage = Stage(name, epochs[0], 0.1, "given", None, False, None)
        history.stages.append(stage)
        history.on_train_begin()
        for epoch in epochs:
            history.on_epoch_end(epoch, {"loss": 1.0 / (epoch + 1)})
    return history


def test_a_second_fit_goes_on():
    history = two_stages()
    assert history.epoch == [0, 1, 2]
    assert history.history == {"loss": [1.0, 0.5, 1 / 3]}
    assert history.model.history is history


def test_stages_are_marked_in_the_plot():
    ax = two_stages().plot()
    assert [text.get_text() for text in ax.texts] == ["head", "all"]
    with pytest.raises(ValueError, match="loss"):
        two_stages().plot("accuracy")

"""One history of several fits."""

from typing import NamedTuple

import keras

from keras_trainkit.plots.staged_history import plot_staged_history


class Stage(NamedTuple):
    """One stage of `transfer.fine_tune`.

    Attributes:
        name: `"head"` or `"all"`.
        first_epoch: Integer, counted from 0.
        learning_rate: Float, the peak of its cycle.
        origin: Where that comes from: `"given"`, `"search"`, or `"head"`, the
            rate of the stage before.
        search: The `tuning.LearningRateSearch`, or `None`.
        cached: Whether the head was trained on cached features.
        not_cached: Why it was not, a string; `None` where it was, or where
            `cache_features` was false.
    """

    name: str
    first_epoch: int
    learning_rate: float
    origin: str
    search: object
    cached: bool
    not_cached: str | None


class StagedHistory(keras.callbacks.History):
    """What `fine_tune` returns: a Keras `History` over all its stages.

    Attributes:
        history: Dictionary `{name: values}`, one value for each epoch.
        epoch: List of the epochs, counted from 0 through all stages.
        stages: List of `Stage`s in order: `name`, `first_epoch`,
            `learning_rate`, `origin`, `search`, `cached`, `not_cached`.
    """

    def __init__(self):
        super().__init__()
        self.epoch = []
        self.stages = []

    def on_train_begin(self, logs=None):
        """Goes on where the stage before has ended."""

    def plot(self, metric="loss", ax=None):
        """Draws a metric over the epochs, stages marked; needs matplotlib.

        Args:
            metric: A name in `history`; `"val_" + metric` is drawn with it
                where it is there. Defaults to `"loss"`.
            ax: The matplotlib `Axes` to draw into. Defaults to `None`: those
                of a new figure.

        Returns:
            The `Axes`.

        Raises:
            ValueError: If there is no such metric.
        """
        stages = {one.first_epoch: one.name for one in self.stages}
        return plot_staged_history(self.history, stages, metric, ax)

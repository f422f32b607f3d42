"""What callbacks that have a curve in a `fit` can tell of it afterwards."""

import keras

from keras_trainkit.backend.devices.distribution import refuse_to_be_worker
from keras_trainkit.backend.optimizer import anatomy
from keras_trainkit.plots.learning_rate import plot_schedule


class TracedCallback(keras.callbacks.Callback):
    """Base of the callbacks that have curves: what they used, given back.

    A subclass sets `_curves`, a `CurvesInFit`, when its `fit` begins.
    """

    def __init__(self):
        super().__init__()
        refuse_to_be_worker(type(self).__name__)
        self.params = {}  # a custom loop may not set any
        self._curves = None

    def set_model(self, model):
        """Notes the learning rate as it is before any callback acts.

        Every `set_model` comes before any `on_train_begin`, so this is the
        rate before BackupAndRestore loads one from the middle of a curve.
        """
        super().set_model(model)
        self._rate_before = self._rate_now()

    def rate_before(self):
        """Returns the plain rate before the `fit`; `None` for a schedule."""
        if self._rate_before is None:
            # A user's own CallbackList sets the model for its first `fit` only.
            self._rate_before = self._rate_now()
        return self._rate_before

    def on_train_end(self, logs=None):
        """Gives the hyperparameters back."""
        self._rate_before = None
        self._curves.end()

    def trace(self):
        """Returns the values of every update of the latest `fit`.

        Returns:
            Dictionary of equally long NumPy arrays: `"step"`, the position on
            the curve, and one of float64 values per hyperparameter.

        Raises:
            ValueError: Before the first `fit`, and where updates were made
                that no curve was in.
        """
        if self._curves is None:
            raise ValueError(
                f"Expected a `fit` with this {self._owner} before `trace()` "
                "or `plot()`. Received: a callback that was never used."
            )
        return self._curves.trace()

    def plot(self, ax=None):
        """Draws the curves of the latest `fit`; needs matplotlib.

        Args:
            ax: Axes to draw on. Defaults to `None`: new ones.

        Returns:
            The matplotlib Axes of the learning rate.
        """
        trace = self.trace()
        trace.pop("step")
        return plot_schedule(ax=ax, **trace)

    @property
    def _owner(self):
        return type(self).__name__

    def _rate_now(self):
        optimizer = getattr(self.model, "optimizer", None)
        return anatomy.plain_learning_rate(optimizer)

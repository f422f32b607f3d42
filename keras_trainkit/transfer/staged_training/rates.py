"""The learning rate of each stage."""

from keras_trainkit.backend.optimizer import anatomy
from keras_trainkit.callbacks.one_cycle import OneCycle
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.tuning.find_learning_rate import find_learning_rate

# The textbook's, and the default of `callbacks.FineTuning`.
AFTER_UNFREEZING = 0.1
# Two passes over the rates.
_MOST_STEPS = 300


class OneCycleOfStage(OneCycle):
    """A cycle over the epochs of one stage.

    Args:
        max_lr: Float above 0, the peak of the learning rate.
        first_epoch: Integer, the epoch with which the stage begins.
    """

    def __init__(self, max_lr, first_epoch):
        # In runs of a few hundred updates a constant momentum is better.
        super().__init__(max_lr, cycle_momentum=False)
        self._first_epoch = first_epoch

    def updates_of_fit(self, instead):
        """Returns how many updates the stage is going to make."""
        super().updates_of_fit(instead)  # raises where that is unknown
        epochs = self.params["epochs"] - self._first_epoch
        optimizer = anatomy.innermost(self.model.optimizer)
        per_update = anatomy.accumulation_steps(optimizer)
        return epochs * self.params["steps"] // per_update

    def on_epoch_begin(self, epoch, logs=None):
        """Begins where the stage does, whatever the epoch."""
        super().on_epoch_begin(epoch - self._first_epoch, logs)


def searched_rate(model, data, head_rate):
    """Searches for the learning rate of a stage.

    Args:
        model: The model with the flags of the stage.
        data: Dictionary of what `fit` is given.
        head_rate: The rate of the stage before; `None` for the first.

    Returns:
        Tuple `(learning_rate, origin, search)`; `origin` is `"search"`, or
        `"head"` where the rate follows from that of the head.

    Raises:
        ValueError: If the search of the first stage suggests nothing.
    """
    search = find_learning_rate(model, max_steps=_MOST_STEPS, **data)
    try:
        found = search.suggestion()
    except ValueError as error:
        if head_rate is not None:
            # What is trained already may show no fall.
            return AFTER_UNFREEZING * head_rate, "head", search
        raise bad_value(
            "learning_rate",
            "auto",
            "a number where the search for that of the head suggests none",
            str(error),
        ) from error
    if head_rate is not None and found > head_rate:
        return head_rate, "head", search
    return found, "search", search

"""Train steps that are undone where something is not finite."""

import keras
import numpy as np

from keras_trainkit.backend.optimizer.tensor_norms import all_finite
from keras_trainkit.backend.training.carried_state import make_variable
from keras_trainkit.backend.training.carried_state import read_number
from keras_trainkit.backend.training.undone_step import undone_unless_good

# What is counted; the first is of all batches that were undone.
COUNTED = ("undone", "loss", "gradient", "statistics", "data")


class FiniteSteps:
    """An instrument of a train step: it undoes what is not finite.

    Args:
        model: A compiled and built `keras.Model`.

    Attributes:
        variables: What the step reads and writes.
        sees: Set of what the steps have shown: `"loss"` in their logs, and
            the `"gradient"` in the optimizer.
    """

    def __init__(self, model):
        self._model = model
        self._gradient = make_variable(model, (), "finite_gradients")
        self._counts = make_variable(model, (len(COUNTED),), "faults")
        self._kept = make_variable(model, (), "kept_batches")
        self.variables = [self._gradient, self._counts, self._kept]
        self.sees = set()

    def counts(self):
        """Returns how many batches were undone, and what was not finite.

        Returns:
            Dictionary with a count for each of `COUNTED`.
        """
        counts = read_number(self._counts)
        return dict(zip(COUNTED, counts.astype(int).tolist(), strict=True))

    def kept(self):
        """Returns how many batches were not undone."""
        return int(read_number(self._kept))

    def reset(self):
        """Begins to count anew."""
        for variable in (self._counts, self._kept):
            variable.assign(np.zeros(variable.shape, "float32"))

    def around(self, step, carried):
        """Returns the step, undone where it is not good."""
        return undone_unless_good(self._model, step, self, carried)

    def clipping(self, optimizer, plain, grads):
        """Leaves the clipping as it is."""
        return plain(grads)

    def applying(self, optimizer, plain, grads, variables):
        """Looks at the gradients, free of any loss scaling."""
        self.sees.add("gradient")
        finite = all_finite(list(grads))
        before = keras.ops.convert_to_tensor(self._gradient)
        self._gradient.assign(
            keras.ops.minimum(before, keras.ops.cast(finite, "float32"))
        )
        plain(grads, variables)

    def begin(self):
        """Begins a batch."""
        self._gradient.assign(np.ones((), "float32"))

    def is_good(self, logs, statistics, data):
        """Returns whether all is finite, and counts what is not.

        Args:
            logs: What the train step has returned.
            statistics: List of the values of variables that do not train.
            data: The batch.
        """
        losses = [value for name, value in logs.items() if is_loss(name)]
        if losses:
            self.sees.add("loss")
        parts = [part for part in keras.tree.flatten(data) if part is not None]
        finite = [
            all_finite(losses),
            keras.ops.convert_to_tensor(self._gradient) > 0.5,
            all_finite(statistics),
        ]
        good = keras.ops.all(keras.ops.stack(finite))

        def nothing():
            return keras.ops.zeros(len(COUNTED), "float32")

        def wrong():
            are = [good, *finite, all_finite(parts)]
            are = [keras.ops.logical_not(one) for one in are]
            return keras.ops.cast(keras.ops.stack(are), "float32")

        counts = keras.ops.convert_to_tensor(self._counts)
        self._counts.assign(counts + keras.ops.cond(good, nothing, wrong))
        kept = keras.ops.convert_to_tensor(self._kept)
        self._kept.assign(kept + keras.ops.cast(good, "float32"))
        return good


def is_loss(name):
    """Whether a value in the logs of a step is a loss, by its name."""
    return name.split("_")[-1] == "loss"

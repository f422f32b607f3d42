"""The data of `fine_tune`, as given and as features."""

import contextlib
import inspect

import keras

from keras_trainkit.backend.model.prediction_batches import Batches
from keras_trainkit.backend.model.prediction_batches import are_arrays
from keras_trainkit.backend.training.feature_data import count_batches
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.transfer.frozen_trunk.cacheability import CannotCache
from keras_trainkit.transfer.frozen_trunk.cached_features import CachedFeatures

OF_FIT = {
    "class_weight",
    "sample_weight",
    "shuffle",
    "steps_per_epoch",
    "validation_batch_size",
    "validation_freq",
    "validation_steps",
}


class TrainingData:
    """What `fit` is given in every stage.

    Args:
        x: As in `fit`.
        y: As in `fit`.
        validation_data: As in `fit`.
        batch_size: Integer.
        others: Dictionary of further arguments of `fit`, out of `OF_FIT`.
    """

    def __init__(self, x, y, validation_data, batch_size, others):
        self._x, self._y = x, y
        self._validation = validation_data
        self._batch_size = batch_size
        self._others = {k: v for k, v in others.items() if v is not None}
        self._arrays = x is not None and are_arrays(x)
        if x is not None and not keras.tree.flatten(x):
            raise _empty("x", x)
        self.steps = self._count()
        if self.steps < 1:
            raise _empty("x", x)
        self._check_validation()

    def _check_validation(self):
        """Raises for data that no `fit` would take."""
        given = self._validation
        if given is None:
            return
        parts = tuple(given) if isinstance(given, (tuple, list)) else (given,)
        if not 1 <= len(parts) <= 3:
            raise bad_value(
                "validation_data",
                given,
                "`(x, y)`, `(x, y, sample_weight)`, `(x,)`, or a dataset",
            )
        x, y, weights = (*parts, None, None)[:3]
        if not keras.tree.flatten(x):
            raise _empty("validation_data", given)
        if are_arrays(x):
            count_batches(x, y, self._batch_size, weights)
        elif not hasattr(x, "__next__"):
            # An iterator would lose a batch by it.
            try:
                Batches(x, None, None)
            except ValueError as error:
                raise bad_type(
                    "validation_data", given, "data that `fit` takes"
                ) from error

    def _count(self):
        """Returns how many batches an epoch has."""
        steps = self._others.get("steps_per_epoch")
        if steps is not None:
            require_integer("steps_per_epoch", steps, 1)
            return steps
        if self._arrays:
            others = self._others
            return count_batches(
                self._x,
                self._y,
                self._batch_size,
                others.get("sample_weight"),
                others.get("class_weight"),
            )
        count = None
        if self._x is not None and not inspect.isgenerator(self._x):
            count = Batches(self._x, None, None).count
        if count is None:
            raise bad_value(
                "x",
                self._x,
                "data that tells how many batches it has, from which the "
                "length of each cycle follows",
                "Pass `steps_per_epoch`.",
            )
        return count

    def raw(self):
        """Returns `(training, validation)`, two dictionaries for `fit`."""
        training = {"x": self._x, "y": self._y, **self._of_training()}
        if self._arrays:
            training["batch_size"] = self._batch_size
        validation = {}
        if self._validation is not None:
            validation = {"validation_data": self._validation}
        return training, {**validation, **self._of_validation()}

    @contextlib.contextmanager
    def cached(self, model, memory_limit):
        """Yields what `raw` returns, with features in place of arrays.

        After these two, a callback for `fit` that watches the trunk.

        Args:
            model: The model, frozen in front.
            memory_limit: See `CachedFeatures`.

        Raises:
            CannotCache: If that would not be the same; no file is left.
        """
        if not self._arrays:
            raise CannotCache(
                "`x` is no array: what a dataset changes from epoch to epoch "
                "cannot be seen"
            )
        if "steps_per_epoch" in self._others:
            raise CannotCache("`steps_per_epoch` is given for arrays")
        with CachedFeatures(model, self._batch_size, memory_limit) as cache:
            watch = cache.watch()
            _, validation = self.raw()
            others = self._of_training()
            training = cache.fit_arguments(
                cache.data(self._x, training=True),
                y=self._y,
                sample_weight=others.get("sample_weight"),
                batch_size=self._batch_size,
                shuffle=others.get("shuffle", True),
            )
            # Where the data is a dataset, the weights are in it.
            others.pop("sample_weight", None)
            yield (
                {**others, **training},
                {**validation, **self._cached_validation(cache)},
                watch,
            )

    def _cached_validation(self, cache):
        given = self._validation
        if not isinstance(given, (tuple, list)) or not are_arrays(given[0]):
            return {}
        x, y, weights = (*given, None, None)[:3]
        arguments = cache.fit_arguments(
            cache.data(x, training=False),
            y=y,
            sample_weight=weights,
            batch_size=self._others.get(
                "validation_batch_size", self._batch_size
            ),
            shuffle=False,
        )
        features = arguments["x"]
        if "y" in arguments:
            features = (features, *given[1:])
        return {"validation_data": features}

    def _of_training(self):
        return {
            name: value
            for name, value in self._others.items()
            if not name.startswith("validation")
        }

    def _of_validation(self):
        return {
            name: value
            for name, value in self._others.items()
            if name.startswith("validation")
        }


def _empty(name, data):
    return bad_value(name, data, "data with at least one batch")

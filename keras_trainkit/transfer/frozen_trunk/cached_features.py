"""Training the head of a model on features that are computed once."""

import contextlib
import itertools

import keras
import numpy as np

from keras_trainkit.backend.model.compiled_functions import Compiled
from keras_trainkit.backend.model.forward_effects import watched_effects
from keras_trainkit.backend.model.graph_nodes import mask_of
from keras_trainkit.backend.model.lent_forward import answering
from keras_trainkit.backend.model.prediction_batches import Batches
from keras_trainkit.backend.training.feature_data import fit_arguments
from keras_trainkit.models.graph import run
from keras_trainkit.models.inference_undone import inference_undone
from keras_trainkit.sampling.row_independence import rows_are_independent
from keras_trainkit.transfer.frozen_trunk.border import Border
from keras_trainkit.transfer.frozen_trunk.cacheability import CannotCache
from keras_trainkit.transfer.frozen_trunk.cacheability import require_cacheable
from keras_trainkit.transfer.frozen_trunk.feature_store import MEMORY_LIMIT
from keras_trainkit.transfer.frozen_trunk.feature_store import FeatureStore
from keras_trainkit.transfer.frozen_trunk.trunk_watch import TrunkWatch

_NAMES = itertools.count()


class CachedFeatures:
    """Features of data, on which a model trains and is evaluated.

    To be used as a context, in which `model.fit`, `model.evaluate` and
    whatever calls them take what `data` returns in place of the arrays, and
    run the head on it. They also take raw inputs, as ever. Optimizer, loss,
    metrics, callbacks and flags are the model's own, so weights and history
    are those of a `fit` on the arrays, as long as what trains stays the same.

    Args:
        model: A compiled and built `keras.Model`, frozen in front.
        batch_size: Integer, how many samples go through the trunk at a time.
        memory_limit: Number of bytes for the features of all data. What is
            larger is written to files in a temporary folder, which is removed
            at the end of the context, also by an exception.

    Raises:
        CannotCache: If a `fit` on features would not be that on the arrays;
            also by `data`. A `ValueError`.
    """

    def __init__(self, model, batch_size=32, memory_limit=MEMORY_LIMIT):
        require_cacheable(model)
        self._model = model
        try:
            self._border = Border(model)
        except ValueError as error:
            reason = "nothing in front of what trains is frozen"
            raise CannotCache(reason) from error
        drawing = self._border.random_in_trunk()
        if drawing:
            raise CannotCache(
                f"the frozen layer {drawing[0].name!r} draws random numbers "
                "in training mode"
            )
        self._batch_size, self._limit = batch_size, memory_limit
        self._steps = {t: self._border.in_mode(t) for t in (True, False)}
        self._compiled = Compiled(model)
        self._functions = {
            training: self._compiled(self._trunk(training))
            for training in (True, False)
        }
        self._independent = all(map(rows_are_independent, self._border.trunk))
        self._name = f"keras_trainkit_features_{next(_NAMES)}"
        self._dtypes = None
        self._stores = []

    def __enter__(self):
        self._context = contextlib.ExitStack()
        self._context.enter_context(
            answering(self._model, self._name, self._head)
        )
        self._context.callback(self._remove)
        return self

    def __exit__(self, *_):
        self._context.close()

    def data(self, x, training):
        """Returns the features of `x`, to be given to `fit` in its place.

        Args:
            x: Arrays, as `fit` takes them.
            training: Whether the trunk is to run as in training.

        Returns:
            A dictionary that only this context's model understands.
        """
        limit = self._limit - sum(
            store.bytes_in_memory for store in self._stores
        )
        store = FeatureStore(max(limit, 0))
        self._stores.append(store)
        with inference_undone(self._model):
            for rows, batch in _full_batches(x, self._batch_size):
                made = self._computed(batch, training)
                store.add([array[:rows] for array in made])
        return {self._name: tuple(store.arrays())}

    def fit_arguments(self, x, **others):
        """Returns what `fit` is to be given for features in place of `x`.

        Args:
            x: What `data` has returned.
            **others: `y`, `sample_weight`, `batch_size`, `shuffle` of `fit`.
        """
        return fit_arguments(x, **others)

    def watch(self):
        """Returns a callback that raises where the trunk does not stay so."""
        return TrunkWatch(self._border.trunk_layers())

    def _computed(self, batch, training):
        first = self._dtypes is None
        made = self._functions[training](batch)
        if first:
            self._dtypes = [
                keras.backend.standardize_dtype(one.dtype) for one in made
            ]
            self._require_lossless()
        arrays = list(map(_as_floatx, made))
        if first and not self._independent:
            self._require_independent(batch, training, arrays)
        return arrays

    def _trunk(self, training):
        trunk, _ = self._steps[training]
        border = self._border

        def compute(x):
            values = {0: x}
            with watched_effects(self._model) as seen:
                for step in trunk:
                    run([step], values)
                    _refuse_effects(step, seen())
            crossing = [*border.crossing, *border.masks]
            if any(mask_of(values[ref]) is not None for ref in crossing):
                raise CannotCache("the features carry a mask")
            return [values[ref] for ref in border.crossing]

        return compute

    def _head(self, features, training):
        _, head = self._steps[training]
        border = self._border
        values = dict.fromkeys(border.masks)
        for ref, one, dtype in zip(
            border.crossing, features, self._dtypes, strict=True
        ):
            values[ref] = keras.ops.cast(one, dtype)
        run(head, values)
        return keras.tree.map_structure(values.get, border.structure)

    def _require_lossless(self):
        lost = {"float64"} - {keras.config.floatx()}
        if lost.intersection(self._dtypes):
            raise CannotCache("`fit` would cast float64 features to float32")

    def _require_independent(self, batch, training, arrays):
        """Raises if other rows beside them change features."""
        rows = len(arrays[0])
        kept = rows // 2
        places = np.r_[np.arange(kept), np.zeros(rows - kept, int)]
        other = _taken(batch, places)
        again = map(_as_floatx, self._functions[training](other))
        for one, two in zip(arrays, again, strict=True):
            close = 1e-3 * max(1e-6, float(np.abs(one).max()))
            if np.abs(one[:kept] - two[:kept]).max(initial=0) > close:
                raise CannotCache(
                    "the features of a sample depend on its batch"
                )

    def _remove(self):
        for store in self._stores:
            store.remove()


def _refuse_effects(step, effects):
    name = getattr(step.operation, "name", None)
    if effects.draws:
        does = "draws random numbers in training mode"
    elif effects.updates:
        does = f"updates its state in training mode ({effects.updates[0]})"
    elif effects.losses:
        does = "adds a loss"
    else:
        return
    raise CannotCache(f"the frozen layer {name!r} {does}")


def _full_batches(x, batch_size):
    """Yields batches of one size with how many rows of each are wanted.

    A last batch that is shorter would have the trunk compiled anew.
    """
    full = None
    for batch in Batches(x, batch_size, None):
        batch = keras.tree.map_structure(keras.ops.convert_to_numpy, batch)
        rows = len(keras.tree.flatten(batch)[0])
        full = rows if full is None else full
        places = np.minimum(np.arange(full), rows - 1)
        if rows < full:
            batch = _taken(batch, places)
        yield rows, batch


def _taken(batch, places):
    return keras.tree.map_structure(lambda one: one[places], batch)


def _as_floatx(value):
    # `fit` would cast the whole of an array of another float dtype.
    array = np.asarray(keras.ops.convert_to_numpy(value))
    kind = keras.backend.standardize_dtype(value.dtype)
    return array.astype(keras.config.floatx()) if "float" in kind else array

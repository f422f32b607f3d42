"""Samples of a model's outputs, compiled and reduced to statistics."""

import threading
import weakref

import keras
import numpy as np

from keras_trainkit.backend.model.compiled_functions import Compiled
from keras_trainkit.backend.model.graph_nodes import mask_of
from keras_trainkit.backend.model.layers import owns_seeds
from keras_trainkit.backend.randomness.foreign_draws import ForeignDraws
from keras_trainkit.backend.randomness.lent_randomness import drawing_from
from keras_trainkit.backend.randomness.random_masks import Draws
from keras_trainkit.backend.randomness.random_masks import as_key
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.sample_statistics import merged
from keras_trainkit.kernels.sample_statistics import nothing
from keras_trainkit.kernels.sample_statistics import summarise
from keras_trainkit.models.graph import run
from keras_trainkit.sampling.guarded_layers import is_users_own
from keras_trainkit.sampling.guarded_layers import modes_that_call
from keras_trainkit.sampling.sample_plan import SamplePlan
from keras_trainkit.sampling.sample_plan import parted
from keras_trainkit.sampling.switched_layers import NothingDrawn
from keras_trainkit.sampling.switched_layers import dropping


class _DrawnTooEarly(Exception):
    """A layer before the first that drops draws numbers, too."""

    def __init__(self, layer):
        super().__init__(layer.name)
        self.layer = layer


class MonteCarlo:
    """What `mc_predict` runs for one model and one set of options.

    Several threads may use it; they take turns.

    Args:
        layers: The `RandomLayers` of a `keras.Model` that is built.
        settings: Callable from the model's outputs, a structure of tensors or
            of symbolic ones, to a list with a pair `(kind, from_logits)` for
            each output.
        return_samples: Whether the samples themselves are returned.

    Attributes:
        structure: The structure of the model's outputs; known, as `kinds`,
            after a call of `sample`.
        kinds: The kind that was settled for each output.
    """

    def __init__(self, layers, settings, return_samples):
        model = layers.model
        self._settings = settings
        self._return_samples = return_samples
        self._layers = [one for one in layers.every if one is not model]
        self._switched = list(layers.rates)
        self._active = list(layers.active)
        self._full = [one for one, rates in layers.rates.items() if 1 in rates]
        # Of users: those that draw by themselves, whatever the mode.
        self._noisy = [
            one
            for one in self._layers
            if is_users_own(one) and owns_seeds(one) and one not in layers.rates
        ]
        # Weakly: this is kept for as long as the model lives.
        self._model = weakref.ref(model)
        self._modes, self._modes_left = {}, None
        self._turn = threading.RLock()
        self.structure = None
        self.kinds = None
        self._form()

    def _form(self):
        model = self._model()
        self._plan = SamplePlan(
            model, self._switched, [*self._active, *self._noisy]
        )
        known = self._plan.layers_of_rest()
        held = set(map(id, self._layers if known is None else known))
        self._required = [one for one in self._active if id(one) in held]
        compiled = Compiled(model)
        self._xla = compiled.xla
        self._trunk = compiled(self._head_values)
        self._step = compiled(self._chunk_statistics)
        self._compiled = compiled
        self._nothing = {}

    def reaches_outputs(self):
        """Whether any output depends on what a layer draws."""
        return self._plan.varies()

    def stops_inside(self):
        """Returns the layers with a rate of 1 whose effect nobody knows."""
        return self._plan.stops_inside(self._full)

    def sample(self, x, samples, seed, batch, rows=0):
        """Returns what is known of `samples` samples of one batch.

        Args:
            x: The batch, as the model takes it.
            samples: Integer, how many.
            seed: Integer.
            batch: Integer, which batch this is.
            rows: Integer, for how many rows to compute at least, so that a
                last batch with fewer needs no function of its own. Rows are
                only added where they cannot matter. Defaults to `0`.

        Returns:
            Tuple of a list of dictionaries of NumPy arrays, one for each
            output, and a list of arrays of samples, or `None`.
        """
        with self._turn:
            while True:
                try:
                    return self._sample(x, samples, seed, batch, rows)
                except _DrawnTooEarly as found:
                    self._noisy.append(found.layer)
                    self._form()
                except NothingDrawn as found:
                    self._take_next_modes(found.layers)

    def _sample(self, x, samples, seed, batch, rows):
        given = _rows_of(x) if self._plan.fills else rows
        if given < rows:
            x = keras.tree.map_structure(lambda one: _filled(one, rows), x)
        frontier = self._trunk(x)
        chunk = self._plan.chunk(frontier, samples, self._compiled.on_cpu)
        found, kept = None, []
        for place, first in enumerate(range(0, samples, chunk)):
            valid = min(chunk, samples - first)
            weights = np.zeros(chunk, "float32")
            weights[:valid] = 1
            key = as_key(seed, batch, place)
            if found is None:
                found = self._start(frontier, key, weights)
            found, drawn = self._step(found, frontier, key, weights)
            if drawn is not None:
                drawn = [keras.ops.convert_to_numpy(one) for one in drawn]
                kept.append([one[:valid] for one in drawn])
        found = keras.tree.map_structure(keras.ops.convert_to_numpy, found)
        by_output = list(zip(*kept, strict=True))
        drawn = [np.concatenate(chunks) for chunks in by_output] or None
        if given < rows:
            found = [_first_rows(one, given) for one in found]
            drawn = drawn and [one[:, :given] for one in drawn]
        return found, drawn

    def _take_next_modes(self, silent):
        """Lets users' code run in training mode that kept layers silent."""
        if self._modes_left is None:
            every = [*self._layers, self._model()]
            found = modes_that_call(silent, every, self._switched)
            self._modes_left = list(map(weakref.WeakKeyDictionary, found))
        if not self._modes_left:
            self._modes, self._modes_left = {}, None
            self._form()
            names = ", ".join(sorted(layer.name for layer in silent))
            raise bad_value(
                "model",
                self._model().name,
                "a model that calls each of its layers that drop, at inference "
                "or under `if training:`, and those layers must draw through "
                "`keras.random`",
                f"No draw was seen of: {names}. Call them in `call` whatever "
                "`training` is, or set their rates to 0.",
            )
        self._modes = self._modes_left.pop(0)
        self._form()

    def _head_values(self, x):
        values = {0: x}
        draws, foreign = Draws(as_key(0), self._xla), ForeignDraws()
        with drawing_from(draws):
            for step in self._plan.head:
                run([step], values)
                if draws.count or foreign.seen():
                    raise _DrawnTooEarly(step.operation)
        found = [values[ref] for ref in self._plan.frontier]
        return [(one, mask_of(one)) for one in found]

    def _chunk_statistics(self, before, frontier, key, weights):
        chunk = weights.shape[0]
        draws = Draws(key, self._xla)
        values = self._plan.copies(frontier, chunk, draws)
        modes = list(self._modes.items())
        with dropping(self._switched, draws, modes, self._required):
            run(self._plan.rest, values)
            outputs = self._structured(values)
            self._settle_structure(outputs)
        settings = self._settings(outputs)
        self.kinds = [kind for kind, _ in settings]
        found, kept = [], []
        for output, (kind, from_logits) in zip(
            keras.tree.flatten(outputs), settings, strict=True
        ):
            weights = _as_wide_as(output, weights)
            samples = parted(output, chunk)
            statistics, samples = summarise(samples, weights, kind, from_logits)
            found.append(statistics)
            kept.append(samples)
        if before is not None:
            found = list(map(merged, before, found))
        return found, kept if self._return_samples else None

    def _structured(self, values):
        if self._plan.structure is None:
            return values[self._plan.outputs[0]]
        return keras.tree.map_structure(values.get, self._plan.structure)

    def _settle_structure(self, outputs):
        structure = keras.tree.map_structure(lambda _: 0, outputs)
        if self._modes and structure != self.structure:
            raise bad_value(
                "model",
                self._model().name,
                "a model whose outputs have the same structure at inference "
                "and in training mode, where its dropout is called in "
                "training mode only",
                "Call its dropout layers whatever `training` is.",
            )
        self.structure = structure

    def _start(self, frontier, key, weights):
        shapes = tuple(
            None if one is None else (tuple(one.shape), str(one.dtype))
            for one in keras.tree.flatten(frontier)
        )
        if shapes not in self._nothing:
            spec = self._compiled.spec(
                self._chunk_statistics, None, frontier, key, weights
            )
            self._nothing[shapes] = (
                None if spec is None else [nothing(one) for one in spec[0]]
            )
        return self._nothing[shapes]


def _rows_of(x):
    leaves = (one for one in keras.tree.flatten(x) if one is not None)
    shape = next(leaves).shape
    return shape[0] if len(shape) else 0


def _filled(one, rows):
    if one is None:
        return None
    one = keras.ops.convert_to_numpy(one)
    return np.concatenate([one, np.repeat(one[-1:], rows - len(one), axis=0)])


def _first_rows(statistics, rows):
    return {
        name: value[:rows] if value.ndim else value
        for name, value in statistics.items()
    }


def _as_wide_as(output, weights):
    wide = keras.backend.standardize_dtype(output.dtype) == "float64"
    return keras.ops.cast(weights, "float64" if wide else "float32")

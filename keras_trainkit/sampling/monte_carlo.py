"""Samples of a model's outputs, compiled and reduced to statistics."""

import dataclasses
import math
import threading
import weakref

import keras
import numpy as np

from keras_trainkit.backend.devices.device_parts import DeviceParts
from keras_trainkit.backend.model.compiled_functions import Compiled
from keras_trainkit.backend.model.layers import owns_seeds
from keras_trainkit.backend.model.tensors import to_numpy
from keras_trainkit.backend.randomness.random_masks import as_key
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.sample_statistics import nothing
from keras_trainkit.sampling.chunk_statistics import joined
from keras_trainkit.sampling.chunk_statistics import summarised
from keras_trainkit.sampling.guarded_layers import is_users_own
from keras_trainkit.sampling.guarded_layers import modes_that_call
from keras_trainkit.sampling.sample_chunks import SampleChunks
from keras_trainkit.sampling.sample_plan import SamplePlan
from keras_trainkit.sampling.switched_layers import NothingDrawn
from keras_trainkit.sampling.tail import DrawnTooEarly
from keras_trainkit.sampling.tail import Tail
from keras_trainkit.sampling.tail import head_values


@dataclasses.dataclass
class _Known:
    """What is known of one shape of batches: the first statistics, sizes."""

    nothing: object
    size: int


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
        self._maps, self._tail = True, None
        self._form()

    @property
    def structure(self):
        """The structure of the model's outputs."""
        return self._tail.structure

    @property
    def kinds(self):
        """The kind that was settled for each output."""
        return [kind for kind, _ in self._tail.settled]

    def _form(self):
        model = self._model()
        plan = SamplePlan(model, self._switched, [*self._active, *self._noisy])
        compiled = Compiled(model, together=True)
        parts = DeviceParts(model, not compiled.eager, compiled.xla)
        self._xla, self._spec = compiled.xla, compiled.spec
        self._eager = compiled.eager
        self._on_host = compiled.eager and compiled.on_cpu
        self._plan = plan
        self._tail = Tail(
            model,
            plan,
            self._switched,
            self._active,
            self._modes,
            self._settings,
            self._tail and self._tail.structure,
        )
        self._chunks = SampleChunks(
            plan, self._tail, compiled, self._maps, parts
        )
        self._look = compiled(self._chunks.looked_at)
        self._trunk = compiled(self._head_values)
        self._step = compiled(self._chunk_statistics)
        self._known = {}

    def reaches_outputs(self):
        """Whether any output depends on what a layer draws."""
        return self._plan.varies()

    def stops_inside(self):
        """Returns the layers with a rate of 1 whose effect nobody knows."""
        return self._plan.stops_inside(self._full)

    def sample(self, x, totals, seed, batch, rows=0, enough=None):
        """Returns what is known of the samples of one batch.

        Args:
            x: The batch, as the model takes it.
            totals: Sequence of rising integers, after how many samples to ask
                `enough`; the last of them is the most there can be.
            seed: Integer.
            batch: Integer, which batch this is.
            rows: Integer, for how many rows to compute at least, so that a
                last batch with fewer needs no function of its own. Rows are
                only added where they cannot matter. Defaults to `0`.
            enough: Callable from the statistics so far, as they are returned,
                to whether they suffice. Defaults to `None`: never.

        Returns:
            Tuple of a list of dictionaries of NumPy arrays, one for each
            output, and a list of arrays of samples, or `None`.
        """
        arguments = (x, totals, seed, batch, rows, enough)
        with self._turn:
            try:
                return self._sample_somehow(arguments)
            except Exception:
                if not self._chunks.maps:
                    raise
            # What cannot be mapped may still be computed one by one; what is
            # wrong in itself is raised again there.
            self._maps = False
            self._form()
            try:
                return self._sample_somehow(arguments)
            except BaseException:
                self._maps = True
                self._form()
                raise

    def _sample_somehow(self, arguments):
        while True:
            try:
                return self._sample(*arguments)
            except DrawnTooEarly as found:
                self._noisy.append(found.layer)
            except NothingDrawn as found:
                self._choose_next_modes(found.layers)
            self._form()

    def _sample(self, x, totals, seed, batch, rows, enough):
        given = _rows_of(x) if self._plan.fills else rows
        if given < rows:
            x = keras.tree.map_structure(lambda one: _filled(one, rows), x)
        frontier = self._trunk(x)
        known = self._known_of(frontier)
        chunk = self._chunks.chunk(frontier, totals[0], known.size)
        found, kept, taken, place = known.nothing, [], 0, 0
        for total in totals:
            while taken < total:
                places = self._chunks.places(chunk, total - taken)
                valid = min(chunk * places, total - taken)
                keys = self._chunks.keys(chunk, seed, batch, place, places)
                computed = self._chunks.computed(chunk, keys)
                weights = np.zeros(computed, "float32")
                weights[:valid] = 1
                found, drawn = self._step(found, frontier, keys, weights)
                if drawn is not None:
                    kept.append([to_numpy(one)[:valid] for one in drawn])
                taken += valid
                place += math.ceil(valid / chunk)
            so_far = [_on_host(one, given, rows) for one in found]
            if enough is not None and enough(so_far):
                break
        by_output = list(zip(*kept, strict=True))
        drawn = [np.concatenate(chunks) for chunks in by_output] or None
        if given < rows:
            drawn = drawn and [one[:, :given] for one in drawn]
        return so_far, drawn

    def _known_of(self, frontier):
        shapes = tuple(map(_shapes_of, frontier))
        if shapes not in self._known:
            self._known[shapes] = self._look_at(frontier)
        return self._known[shapes]

    def _look_at(self, frontier):
        chunks = self._chunks
        if self._eager:
            return _Known(None, self._look(frontier) if chunks.maps else 1)
        outputs, statistics = self._spec(self._one_sample, frontier, as_key(0))
        start = [nothing(one) for one in statistics]
        return _Known(start, chunks.know(outputs))

    def _choose_next_modes(self, silent):
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

    def _head_values(self, x):
        # Once: what is compiled is not looked at again, either.
        watch = not (self._eager and self._known)
        return head_values(self._plan, x, self._xla, watch)

    def _one_sample(self, frontier, key):
        outputs = self._chunks.one(frontier, key)
        weights = np.ones(1, "float32")
        drawn = [one[None] for one in outputs]
        return outputs, self._summarised(drawn, weights)[0]

    def _chunk_statistics(self, before, frontier, keys, weights):
        drawn = self._chunks.drawn(frontier, keys, weights.shape[0])
        found, samples = self._summarised(drawn, weights)
        if before is not None:
            found = list(map(joined, before, found))
        return found, samples if self._return_samples else None

    def _summarised(self, drawn, weights):
        settled = self._tail.settled
        return summarised(drawn, settled, weights, self._on_host)


def _shapes_of(pair):
    return tuple(
        None if one is None else (tuple(one.shape), str(one.dtype))
        for one in pair
    )


def _on_host(statistics, given, rows):
    found = {name: to_numpy(value) for name, value in statistics.items()}
    return _first_rows(found, given) if given < rows else found


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

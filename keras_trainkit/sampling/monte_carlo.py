"""Samples of a model's outputs, compiled and reduced to statistics."""

import math

import keras
import numpy as np
from keras.src.backend import get_keras_mask
from keras.src.backend import set_keras_mask

from keras_trainkit.backend.model.compiled_functions import Compiled
from keras_trainkit.backend.model.layers import all_layers
from keras_trainkit.backend.randomness.random_masks import Draws
from keras_trainkit.backend.randomness.random_masks import as_key
from keras_trainkit.kernels.chunks import chunk_size
from keras_trainkit.kernels.chunks import samples_that_fit
from keras_trainkit.kernels.sample_statistics import merged
from keras_trainkit.kernels.sample_statistics import nothing
from keras_trainkit.kernels.sample_statistics import summarise
from keras_trainkit.models.frontier import split
from keras_trainkit.models.graph import Steps
from keras_trainkit.models.graph import run
from keras_trainkit.sampling.row_independence import can_be_repeated
from keras_trainkit.sampling.row_independence import rows_are_independent
from keras_trainkit.sampling.switched_layers import dropped_copies
from keras_trainkit.sampling.switched_layers import dropping
from keras_trainkit.sampling.switched_layers import drops_plainly
from keras_trainkit.sampling.switched_layers import owns_seeds

# Elements of the largest tensor: what a CPU's caches hold, and a small part of
# an accelerator's memory.
_BUDGET = {"cpu": 2**22, "other": 2**26}
_OURS = ("keras.", "keras_trainkit.")


class MonteCarlo:
    """What `mc_predict` runs for one model and one set of options.

    Args:
        model: A `keras.Model` that is built.
        switched: The layers of it that drop.
        settings: Callable from the model's outputs, a structure of tensors or
            of symbolic ones, to a list with a pair `(kind, from_logits)` for
            each output.
        return_samples: Whether the samples themselves are returned.

    Attributes:
        structure: The structure of the model's outputs; known, as `kinds`,
            after a call of `sample`.
        kinds: The kind that was settled for each output.
    """

    def __init__(self, model, switched, settings, return_samples):
        self._settings = settings
        self._return_samples = return_samples
        self._switched = list(switched)
        self._layers = [one for one in all_layers(model) if one is not model]
        self._lenders = [
            one
            for one in self._layers
            if owns_seeds(one) or one in self._switched
        ]
        self._plan(model)
        compiled = Compiled(model)
        self._xla = compiled.xla
        self._trunk = compiled(self._head_values)
        self._step = compiled(self._chunk_statistics)
        self._compiled = compiled
        self._nothing = {}
        self.structure = None
        self.kinds = None

    def reaches_outputs(self):
        """Whether any output depends on a layer that drops."""
        return bool(self._tail)

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
        given = _rows_of(x) if self._fills else rows
        if given < rows:
            x = keras.tree.map_structure(lambda one: _filled(one, rows), x)
        frontier = self._trunk(x)
        chunk = self._chunk(frontier, samples)
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

    def _plan(self, model):
        graph = Steps(model)
        self._outputs, self._structure = graph.outputs, graph.structure
        random = {id(one) for one in self._switched}
        random |= {id(one) for one in self._layers if _draws_itself(one)}

        def is_random(step):
            if not isinstance(step.operation, keras.Layer):
                return graph.structure is None
            return any(id(o) in random for o in all_layers(step.operation))

        self._head, self._tail, self._frontier = split(
            graph.steps, is_random, graph.outputs
        )
        repeatable = {
            ref
            for step in graph.steps
            for ref, spec in zip(step.outputs, step.specs, strict=False)
            if can_be_repeated(step, spec)
        }
        self._tiled = all(map(rows_are_independent, self._tail)) and (
            repeatable.issuperset(self._frontier)
        )
        self._fills = self._tiled and all(map(rows_are_independent, self._head))
        # Dropout right behind the frontier makes its own copies of it.
        self._first = [
            step
            for step in self._tail
            if self._tiled
            and set(step.inputs) <= set(self._frontier)
            and step.operation in self._switched
            and drops_plainly(step.operation)
        ]
        self._rest = [step for step in self._tail if step not in self._first]
        self._sizes = [
            spec.shape[1:] for step in self._tail for spec in step.specs
        ]

    def _head_values(self, x):
        values = {0: x}
        run(self._head, values)
        found = [values[ref] for ref in self._frontier]
        return [(one, _mask_of(one)) for one in found]

    def _chunk_statistics(self, before, frontier, key, weights):
        chunk = weights.shape[0]
        draws = Draws(key, self._xla)
        values = self._copies(frontier, chunk, draws)
        with dropping(self._lenders, self._switched, draws):
            run(self._rest, values)
        outputs = self._structured([values[ref] for ref in self._outputs])
        self.structure = keras.tree.map_structure(lambda _: 0, outputs)
        settings = self._settings(outputs)
        self.kinds = [kind for kind, _ in settings]
        found, kept = [], []
        for output, (kind, from_logits) in zip(
            keras.tree.flatten(outputs), settings, strict=True
        ):
            weights = _as_wide_as(output, weights)
            samples = _split(output, chunk)
            statistics, samples = summarise(samples, weights, kind, from_logits)
            found.append(statistics)
            kept.append(samples)
        if before is not None:
            found = list(map(merged, before, found))
        return found, kept if self._return_samples else None

    def _copies(self, frontier, chunk, draws):
        given = dict(zip(self._frontier, frontier, strict=True))
        made = {}
        for step in self._first:
            (source,), (target,) = step.inputs, step.outputs
            value, mask = given[source]
            dtype = step.operation.compute_dtype
            if keras.backend.standardize_dtype(value.dtype) != dtype:
                value = keras.ops.cast(value, dtype)
            copies = dropped_copies(step.operation, draws, value, chunk)
            made[target] = copies, mask
        read = {ref for step in self._rest for ref in step.inputs}
        for ref in read.union(self._outputs).intersection(given):
            made[ref] = _repeated(given[ref][0], chunk), given[ref][1]
        for value, mask in made.values():
            if mask is not None:
                set_keras_mask(value, _repeated(mask, chunk))
        return {ref: value for ref, (value, _) in made.items()}

    def _structured(self, values):
        if self._structure is None:
            return values[0]
        by_ref = dict(zip(self._outputs, values, strict=True))
        return keras.tree.map_structure(by_ref.get, self._structure)

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

    def _chunk(self, frontier, samples):
        if not self._tiled:
            return 1
        values = [value for value, _ in frontier]
        rows = values[0].shape[0]
        known = [size for value in values for size in value.shape[1:]]
        # Of what is unknown until a run, such as the length of a sentence,
        # the longest there is.
        unknown = max(known, default=1)
        sizes = [math.prod(value.shape[1:]) for value in values]
        sizes += [
            math.prod(unknown if n is None else n for n in shape)
            for shape in self._sizes
        ]
        budget = _BUDGET["cpu" if self._compiled.on_cpu else "other"]
        most = samples_that_fit(rows * max(sizes), budget)
        return chunk_size(samples, most)


def _draws_itself(layer):
    """Whether a layer that is not known has random numbers of its own."""
    known = f"{type(layer).__module__}.".startswith(_OURS)
    return not known and owns_seeds(layer)


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


def _mask_of(value):
    return get_keras_mask(value) if keras.ops.is_tensor(value) else None


def _repeated(value, chunk):
    if chunk == 1:
        return value
    shape = tuple(value.shape)
    value = keras.ops.broadcast_to(value[None], (chunk, *shape))
    return keras.ops.reshape(value, (chunk * shape[0], *shape[1:]))


def _split(output, chunk):
    if chunk == 1:
        return output[None]
    shape = tuple(output.shape)
    return keras.ops.reshape(output, (chunk, shape[0] // chunk, *shape[1:]))


def _as_wide_as(output, weights):
    wide = keras.backend.standardize_dtype(output.dtype) == "float64"
    return keras.ops.cast(weights, "float64" if wide else "float32")

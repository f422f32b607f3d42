"""How the samples of one chunk are computed, and how many make a chunk."""

import functools
import math

import keras

from keras_trainkit.backend.model.tensor_sizes import largest_tensor
from keras_trainkit.backend.randomness.mapped_draws import mapped_draws
from keras_trainkit.backend.randomness.random_masks import Draws
from keras_trainkit.backend.randomness.random_masks import as_key
from keras_trainkit.backend.randomness.random_masks import as_keys
from keras_trainkit.sampling.sample_plan import BUDGET
from keras_trainkit.sampling.sample_plan import chunk_size
from keras_trainkit.sampling.sample_plan import parted
from keras_trainkit.sampling.sample_plan import samples_that_fit

# Samples that are reduced at a time, though each is computed by itself.
_ONE_BY_ONE = 8
# Samples side by side in a compiled loop: more leave the caches of a CPU.
_AT_ONCE = {"cpu": 4, "other": 64}


class SampleChunks:
    """Computes chunks of samples in the fastest way that is exact.

    Where the rows of a batch are independent, the batch is repeated. Else the
    samples are mapped: each sees a batch of its own. Where that cannot be,
    they are computed one by one.

    Args:
        plan: A `SamplePlan`.
        tail: Its `Tail`.
        compiled: A `Compiled` of the model.
        maps: Whether samples may be mapped.
    """

    def __init__(self, plan, tail, compiled, maps):
        self._plan, self._tail = plan, tail
        self._xla, self._on_cpu = compiled.xla, compiled.on_cpu
        self.maps = maps and compiled.maps and not plan.repeats
        self._eager, self._in_groups = compiled.eager, compiled.in_groups
        self._specs = None

    def one(self, frontier, key):
        """Returns the outputs of one sample, a flat list of tensors."""
        return self._tail(frontier, 1, Draws(key, self._xla))

    def looked_at(self, frontier):
        """Returns the sizes that one sample has, from an eager run of it.

        Samples are mapped only if the same key gives the same sample: what
        else is random there would be the same for all that are mapped.
        """
        key, found = as_key(0), []
        with largest_tensor() as largest:
            for _ in range(2):
                drawn = self.one(frontier, key)
                found.append([keras.ops.convert_to_numpy(d) for d in drawn])
        pairs = zip(*found, strict=True)
        if not all(one.tobytes() == other.tobytes() for one, other in pairs):
            self.maps = False
        return max(largest[0], *(one.size for one in found[0]))

    def know(self, specs):
        """Takes the shapes and dtypes of the outputs of one sample."""
        self._specs = specs
        return sum(math.prod(spec.shape) for spec in specs)

    def chunk(self, frontier, samples, size):
        """Returns how many samples are taken at a time.

        Args:
            frontier: As `head_values` returns it.
            samples: Integer, how many are asked for.
            size: Integer, how many elements are held for each sample.
        """
        if self._plan.repeats:
            chunk = self._plan.chunk(frontier, samples, self._on_cpu)
            return self._even(chunk) if self._in_groups else chunk
        budget = BUDGET["cpu" if self._on_cpu else "other"]
        fit = samples_that_fit(size, budget)
        if not self.maps:
            return min(samples, _ONE_BY_ONE) if self._eager else 1
        return self._even(chunk_size(samples, fit))

    def keys(self, chunk, seed, batch, place):
        """Returns the keys of one chunk, to be handed to `drawn`."""
        count = chunk
        if self._plan.repeats:
            in_groups = self._in_groups
            count = chunk // self._at_once(chunk) if in_groups else 1
        return as_keys(count, seed, batch, place)

    def drawn(self, frontier, keys, chunk):
        """Returns the samples of one chunk.

        Args:
            frontier: As `head_values` returns it.
            keys: As `keys` returns them.
            chunk: Integer, how many samples.

        Returns:
            List of tensors of shape `(samples, rows, ...)`.
        """
        if self._plan.repeats:
            return self._repeated(frontier, keys, chunk)
        if self.maps:
            function = functools.partial(self._tail, frontier, 1)
            at_once = self._at_once(chunk)
            return mapped_draws(function, keys, self._xla, at_once, self._specs)
        each = [self.one(frontier, keys[n]) for n in range(len(keys))]
        return [keras.ops.stack(drawn) for drawn in zip(*each, strict=True)]

    def _at_once(self, samples):
        """Returns how many of `samples` are computed side by side."""
        most = _AT_ONCE["cpu" if self._on_cpu else "other"]
        return math.ceil(samples / math.ceil(samples / most))

    def _even(self, samples):
        """Returns the next number that is a multiple of `_at_once`."""
        at_once = self._at_once(samples)
        return at_once * math.ceil(samples / at_once)

    def _repeated(self, frontier, keys, chunk):
        if not self._in_groups:
            drawn = self._tail(frontier, chunk, Draws(keys[0], self._xla))
            return [parted(one, chunk) for one in drawn]
        groups = self._groups(frontier, keys, chunk // len(keys))
        shapes = [(chunk, -1, *group.shape[2:]) for group in groups]
        return list(map(keras.ops.reshape, groups, shapes))

    def _groups(self, frontier, keys, copies):
        function = functools.partial(self._tail, frontier, copies)
        if not self._eager:
            return mapped_draws(function, keys, self._xla)
        each = [function(Draws(keys[n], self._xla)) for n in range(len(keys))]
        return [keras.ops.stack(drawn) for drawn in zip(*each, strict=True)]

"""How the samples of one chunk are computed, and how many make a chunk."""

import functools
import math

import keras
import numpy as np

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

    Several devices share the samples: each computes those of some keys, or of
    a part of the only one. A sample is the same on any number of devices, but
    for what a layer draws with a seed where the batch is repeated in one
    piece.

    Args:
        plan: A `SamplePlan`.
        tail: Its `Tail`.
        compiled: A `Compiled` of the model.
        maps: Whether samples may be mapped.
        parts: The `DeviceParts` of the model.
    """

    def __init__(self, plan, tail, compiled, maps, parts):
        self._plan, self._tail, self._parts = plan, tail, parts
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

    def places(self, chunk, samples):
        """Returns how many chunks are taken at a time.

        As many as it takes for every device to have a key. A chunk with one
        key is shared by the devices, where that takes less time than a chunk
        for each.

        Args:
            chunk: As `chunk` returns it.
            samples: Integer, how many are asked for.
        """
        devices, chunks = self._parts.count, math.ceil(samples / chunk)
        if not self._one_key:
            return min(chunks, math.ceil(devices / self._keys_of(chunk)))
        places = min(chunks, devices)
        # The time of a sample, where that of one on one device is 1.
        shared = math.ceil(chunk / devices) / chunk
        return places if 1 / places <= shared else 1

    def keys(self, chunk, seed, batch, place, places=1):
        """Returns the keys of chunks, to be handed to `drawn`.

        Args:
            chunk: As `chunk` returns it.
            seed: Integer.
            batch: Integer, which batch it is.
            place: Integer, which chunk of the batch is the first.
            places: As `places` returns it. Defaults to `1`.
        """
        count = self._keys_of(chunk)
        each = [as_keys(count, seed, batch, place + i) for i in range(places)]
        if self._parts.count == 1:
            return each[0]
        keys = np.concatenate(each)
        left_over = -len(keys) % self._parts.count
        if self._one_key and places == 1:
            left_over = 0
        return np.concatenate([keys, np.repeat(keys[-1:], left_over, axis=0)])

    def computed(self, chunk, keys):
        """Returns how many samples `drawn` computes, not all asked for.

        Args:
            chunk: As `chunk` returns it.
            keys: As `keys` returns them.
        """
        if self._one_key and len(keys) == 1:
            return self._parts.count * math.ceil(chunk / self._parts.count)
        return len(keys) * (chunk // self._keys_of(chunk))

    def drawn(self, frontier, keys, count):
        """Returns the samples of some chunks.

        Args:
            frontier: As `head_values` returns it.
            keys: As `keys` returns them.
            count: Integer, how many samples, as `computed` returns it.

        Returns:
            List of tensors of shape `(samples, rows, ...)`.
        """
        parts = self._parts
        if parts.count == 1:
            return self._drawn(frontier, keys, count)
        own = count // parts.count
        if keys.shape[0] >= parts.count:
            return parts(lambda _, some: self._drawn(frontier, some, own), keys)

        def part_of_chunk(part, _):
            draws = Draws(keys[0], self._xla, part)
            return [parted(o, own) for o in self._tail(frontier, own, draws)]

        return parts(part_of_chunk)

    @property
    def _one_key(self):
        """Whether a chunk has one key, so that devices share its rows."""
        return self._plan.repeats and not self._in_groups

    def _keys_of(self, chunk):
        if self._one_key:
            return 1
        if self._plan.repeats:
            return chunk // self._at_once(chunk)
        return chunk

    def _drawn(self, frontier, keys, chunk):
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

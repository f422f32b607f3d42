"""Random numbers for the samples of one chunk, from one key."""

import functools
import hashlib
import math

import keras
import numpy as np

from keras_trainkit.backend.devices.torch_device import torch_device
from keras_trainkit.kernels.counter_hash import counter_hash
from keras_trainkit.kernels.dropout import LEVELS
from keras_trainkit.kernels.dropout import threshold

# Different bits for each draw: multiples of the golden ratio's.
_STRIDE = 0x9E3779B9
# Different seeds for each part of a draw.
_APART = np.uint32(0x85EBCA6B)
_WORD = 0xFFFFFFFF


class Draws:
    """A source of random numbers that each draw takes further.

    What is drawn depends on the key and on how many draws there were before,
    so a compiled function that is given another key draws anew.

    Args:
        key: Two 32-bit words; see `as_key`.
        xla: Whether XLA compiles what is computed with them.
        part: Integer, or a scalar tensor of integers: which of several equal
            parts along the first axis this computes. Together, the masks of
            the parts are that of the whole. Defaults to `None`: the whole.

    Attributes:
        count: How many draws there were.
    """

    def __init__(self, key, xla, part=None):
        self._key = key[0], key[1]
        self._xla = xla
        self._part = part
        self.count = 0

    def drop(self, inputs, rate, shape, scale, offset=0.0, dropped=0.0):
        """Returns `scale * inputs + offset`, or `dropped` at the `rate`.

        The rate is that of `kernels.dropout.used_rate`.

        Args:
            inputs: Float tensor.
            rate: Float in (0, 1).
            shape: The shape of the mask; it and the inputs are broadcast.
            scale: Float.
            offset: Float. Defaults to `0.0`.
            dropped: Float. Defaults to `0.0`.
        """
        key = self._next()
        if keras.backend.backend() == "torch":
            mask = self._torch_mask(inputs, key, rate, tuple(shape))
            return torch_masked(inputs, mask, scale, offset, dropped)
        shape = tuple(shape)
        numbers = (threshold(rate), shape, scale, offset, dropped)
        begin = 0
        if self._part is not None:
            begin = keras.ops.cast(self._part, "int32") * math.prod(shape)
            begin = keras.ops.cast(begin, "uint32")
        if self._xla:
            return _hashed_drop(inputs, key, begin, *numbers)
        return _tensorflow_drop(inputs, key, begin, *numbers)

    def seed(self):
        """Returns a seed as `keras.random.SeedGenerator.next` does."""
        first, second = self._next()
        if self._part is not None:
            # What is drawn with it differs from part to part.
            apart = keras.ops.cast(self._part, "uint32") * _APART
            second = keras.ops.add(second, apart)
        if keras.backend.backend() == "torch":
            # keras/src/backend/torch/random.py adds the two.
            return keras.ops.convert_to_tensor([first ^ second, 0], "int64")
        seed = keras.ops.stack([first, second])
        return keras.ops.cast(seed, _seed_dtype())

    def _torch_mask(self, inputs, key, rate, shape):
        return torch_mask(inputs, key, rate, shape)

    def _next(self):
        first, second = self._key
        step = self.count * _STRIDE & _WORD
        self.count += 1
        # Both words: two draws whose first words are close would else hash
        # the same counters, and one mask be the other's permutation.
        if keras.backend.backend() != "torch":
            step = np.uint32(step)
            first = keras.ops.bitwise_xor(first, step)
            return first, keras.ops.add(second, step)
        return first ^ step, second + step & _WORD


class Seeds(keras.random.SeedGenerator):
    """Stands in for a seed generator; has no state of its own."""

    # Without one, Keras's torch backend draws from torch's global generator
    # (keras/src/backend/torch/random.py).
    _initial_seed = 0

    def __init__(self, draws):
        self._draws = draws

    def next(self, ordered=True):
        """Returns the next seed."""
        return self._draws.seed()


def as_key(seed, *place):
    """Returns the key of one chunk, to be handed to the compiled function.

    Args:
        seed: Integer, at least 0, of any size.
        *place: Integers, at least 0, that tell this chunk from all others.
    """
    # numpy.random.SeedSequence would cut large integers into words, and take
    # (5 + 2**32, 0) and (5, 1) for the same.
    numbers = ",".join(str(int(number)) for number in (seed, *place))
    digest = hashlib.blake2b(numbers.encode(), digest_size=8).digest()
    words = np.frombuffer(digest, "<u4").astype("uint32")
    return words.tolist() if keras.backend.backend() == "torch" else words


def as_keys(count, seed, *place):
    """Returns `count` keys that differ, an array or a list of pairs.

    Args:
        count: Integer of at least 1.
        seed: As for `as_key`.
        *place: As for `as_key`.
    """
    numbers = ",".join(str(int(number)) for number in (seed, *place))
    digest = hashlib.shake_128(numbers.encode()).digest(8 * count)
    words = np.frombuffer(digest, "<u4").astype("uint32").reshape((count, 2))
    return words.tolist() if keras.backend.backend() == "torch" else words


def _hashed_drop(inputs, key, begin, level, shape, scale, offset, dropped):
    """All in one loop, if XLA compiles it; half of each word is not used."""
    # TensorFlow's XLA has no range of unsigned integers.
    counter = keras.ops.arange(math.prod(shape), dtype="int32")
    counter = keras.ops.cast(counter, "uint32") + begin
    counter = keras.ops.reshape(counter, shape)
    keep = counter_hash(counter, key) >= np.uint32(level << 16)
    return _select(keep, inputs, scale, offset, dropped)


def _select(keep, inputs, scale, offset, dropped):
    kept = inputs * scale + offset if offset else inputs * scale
    dropped = keras.ops.full((), dropped, dtype=inputs.dtype)
    return keras.ops.where(keep, kept, dropped)


def _tensorflow_drop(inputs, key, begin, level, shape, *numbers):
    known = all(isinstance(size, int) for size in shape)
    if known and _xla_works():
        return _compiled_drop()(inputs, key, begin, level, shape, *numbers)
    if not isinstance(begin, int):
        # The masks of parts are not those of the whole, but others.
        key = key[0], keras.ops.add(key[1], begin)
    keep = _philox_bits(key, shape) >= level - LEVELS // 2
    return _select(keep, inputs, *numbers)


@functools.cache
def _compiled_drop():
    # Three times as fast as TensorFlow's own kernels, one by one, on a CPU.
    import tensorflow as tf

    return tf.function(_hashed_drop, jit_compile=True, autograph=False)


@functools.cache
def _xla_works():
    """Whether this TensorFlow was built with a compiler for this machine."""
    import tensorflow as tf

    with tf.init_scope():
        try:
            key = np.zeros(2, "uint32")
            _compiled_drop()(tf.zeros(1), tuple(key), 0, 1, (1,), 1.0, 0.0, 0.0)
        except tf.errors.OpError:
            return False
    return True


def _philox_bits(key, shape):
    """Two 16-bit numbers from each one of 32 bits."""
    import tensorflow as tf

    count = math.prod(shape)
    words = tf.random.stateless_uniform(
        [(count + 1) // 2],
        seed=tf.bitcast(tf.stack(key), tf.int32),
        minval=None,
        maxval=None,
        dtype=tf.int32,
        alg="philox",
    )
    halves = tf.reshape(tf.bitcast(words, tf.int16), [-1])
    return tf.reshape(halves[:count], shape)


def torch_mask(inputs, key, rate, shape):
    """Returns a mask of `shape` for torch, 1 where an element is kept.

    Args:
        inputs: Tensor, whose dtype the mask has.
        key: Two 32-bit words.
        rate: Float in (0, 1).
        shape: Tuple.
    """
    # In place, in few bits as long as it can be: each pass costs its memory.
    level, bits = threshold(rate), 16
    if level % 2**8 == 0:
        level, bits = level // 2**8, 8
    drawn = _torch_bits(key, shape, bits)
    return drawn.ge_(level - 2 ** (bits - 1)).to(inputs.dtype)


def torch_masked(inputs, mask, scale, offset, dropped):
    """Returns `scale * inputs + offset` where `mask` is 1, else `dropped`.

    The mask is overwritten.
    """
    kept = inputs * scale
    if offset:
        kept += offset - dropped
    fits = inputs.ndim == mask.ndim and all(
        size in (1, whole)
        for size, whole in zip(inputs.shape, mask.shape, strict=True)
    )
    found = mask.mul_(kept) if fits else mask * kept
    return found.add_(dropped) if offset else found


def _seed_dtype():
    # `random_seed_dtype`, in core.py of both backends in keras/src/backend.
    return "int64" if keras.backend.backend() == "tensorflow" else "uint32"


def _torch_bits(key, shape, bits):
    """Numbers of 8 or 16 bits, as many as there are in each one of 64."""
    import torch

    count = math.prod(shape)
    words = math.ceil(count * bits / 64)
    if torch_device() == "cpu":
        # torch's own generator takes ten times as long.
        generator = np.random.Generator(np.random.SFC64(key))
        drawn = generator.integers(2**64, size=words, dtype=np.uint64)
        drawn = torch.from_numpy(drawn.view(np.int64))
    else:
        generator = torch.Generator(torch_device())
        generator.manual_seed(key[0] << 32 | key[1])
        drawn = torch.empty(words, dtype=torch.int64, device=torch_device())
        # Without an end: all 64 bits.
        drawn.random_(-(2**63), None, generator=generator)
    dtype = torch.int8 if bits == 8 else torch.int16
    return drawn.view(dtype)[:count].view(shape)

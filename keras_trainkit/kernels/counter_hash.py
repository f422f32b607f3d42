"""Random bits as a hash of a key and a counter.

An element's bits depend on nothing but its place, so a compiler computes them
in the very loop that uses them: no state, no array of random numbers in
memory. XLA's own generators are several times slower than that on a CPU.
"""

import numpy as np
from keras import ops

# "lowbias32" of https://github.com/skeeto/hash-prospector: (shift, factor).
_ROUNDS = ((16, 0x7FEB352D), (15, 0x846CA68B))
_LAST_SHIFT = 16


def counter_hash(counter, key):
    """Returns 32 random bits for each element of `counter`.

    Two rounds of a 32-bit hash, each of which flips every output bit with a
    probability near 1/2 when an input bit is flipped; each is given one half
    of the key.

    Args:
        counter: Tensor of dtype uint32 of any shape.
        key: Pair of uint32 scalars.

    Returns:
        Tensor of dtype uint32 with the shape of `counter`.
    """
    first, second = key
    mixed = _mixed(ops.bitwise_xor(counter, first))
    return _mixed(ops.add(mixed, second))


def _mixed(x):
    for shift, factor in _ROUNDS:
        x = ops.bitwise_xor(x, ops.right_shift(x, np.uint32(shift)))
        x = ops.multiply(x, np.uint32(factor))
    return ops.bitwise_xor(x, ops.right_shift(x, np.uint32(_LAST_SHIFT)))

import keras
import numpy as np
import pytest

from keras_trainkit.kernels.counter_hash import counter_hash
from tests.helpers.arrays import to_numpy

N = 2**14
KEYS = [(0, 0), (1, 0), (0, 1), (0xDEADBEEF, 0x12345678)]

pytestmark = pytest.mark.skipif(
    keras.backend.backend() == "torch",
    reason="torch takes its random bits from NumPy's generator",
)


def bits(key, start=0, count=N):
    counter = np.arange(start, start + count, dtype="uint32")
    found = counter_hash(keras.ops.convert_to_tensor(counter), np.uint32(key))
    return to_numpy(found)


def reference(counter, key):
    mask = 0xFFFFFFFF

    def mixed(x):
        x = ((x ^ x >> 16) * 0x7FEB352D) & mask
        x = ((x ^ x >> 15) * 0x846CA68B) & mask
        return x ^ x >> 16

    return mixed((mixed(counter ^ key[0]) + key[1]) & mask)


@pytest.mark.parametrize("key", KEYS)
def test_it_is_the_published_hash_twice(key):
    assert bits(key, count=50).tolist() == [
        reference(counter, key) for counter in range(50)
    ]


@pytest.mark.parametrize("key", KEYS)
def test_every_bit_is_set_half_of_the_time(key):
    ones = np.unpackbits(bits(key).view("uint8").reshape(N, 4), axis=1)
    assert (np.abs(ones.mean(axis=0) - 0.5) < 5 * 0.5 / np.sqrt(N)).all()


@pytest.mark.parametrize("shift", [1, 2, 32, 784])
def test_neighbours_are_uncorrelated(shift):
    u = bits(KEYS[-1]).astype("float64")
    found = np.corrcoef(u[shift:], u[:-shift])[0, 1]
    assert abs(found) < 5 / np.sqrt(N)


@pytest.mark.parametrize("flipped", range(64))
def test_another_bit_of_the_key_gives_other_numbers(flipped):
    first = 0x9E3779B9 ^ (1 << flipped if flipped < 32 else 0)
    second = 0x7F4A7C15 ^ (1 << flipped - 32 if flipped >= 32 else 0)
    one, other = bits((0x9E3779B9, 0x7F4A7C15)), bits((first, second))
    differing = np.unpackbits((one ^ other).view("uint8")).mean()
    assert abs(differing - 0.5) < 5 * 0.5 / np.sqrt(32 * N)
    found = np.corrcoef(one.astype("float64"), other.astype("float64"))[0, 1]
    assert abs(found) < 5 / np.sqrt(N)

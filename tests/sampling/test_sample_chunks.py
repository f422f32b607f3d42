import keras
import numpy as np
import pytest

from keras_trainkit.backend.devices.device_parts import DeviceParts
from keras_trainkit.backend.model.compiled_functions import Compiled
from keras_trainkit.sampling import sample_chunks
from keras_trainkit.sampling.random_layers import RandomLayers
from keras_trainkit.sampling.sample_chunks import SampleChunks
from keras_trainkit.sampling.sample_plan import SamplePlan
from keras_trainkit.sampling.tail import Tail
from keras_trainkit.sampling.tail import head_values
from tests.helpers.arrays import to_numpy
from tests.helpers.random_zoo import FEATURES
from tests.helpers.random_zoo import flat

L = keras.layers
TORCH = keras.backend.backend() == "torch"
X = np.random.default_rng(0).normal(size=(3, FEATURES)).astype("float32")


def repeated():
    return flat(L.Dropout(0.5))


def mixing():
    # The rows of a sample add up to nothing.
    centred = L.Lambda(lambda x: x - keras.ops.mean(x, axis=0, keepdims=True))
    return flat(L.Dropout(0.5), centred)


def chunks_of(model, maps=True):
    layers = RandomLayers(model)
    plan = SamplePlan(model, layers.rates, layers.active)
    tail = Tail(
        model, plan, list(layers.rates), layers.active, {}, lambda o: [0], None
    )
    compiled = Compiled(model)
    parts = DeviceParts(model, compiles=False, xla=False)
    found = SampleChunks(plan, tail, compiled, maps, parts)
    found.know([keras.KerasTensor((len(X), 2), "float32")])
    return found, head_values(plan, X, compiled.xla, watch=True)


def drawn(make, samples, maps=True):
    found, frontier = chunks_of(make(), maps)
    chunk = found.chunk(frontier, samples, size=6)
    keys = found.keys(chunk, 1, 0, 0)
    (made,) = found.drawn(frontier, keys, chunk)
    return chunk, to_numpy(made)


@pytest.mark.parametrize("make", [repeated, mixing])
@pytest.mark.parametrize("samples", [1, 3, 10, 13])
def test_samples_lie_along_the_first_axis(make, samples):
    chunk, found = drawn(make, samples)
    assert samples <= chunk <= samples + 3
    assert found.shape == (chunk, len(X), 2)
    assert len(np.unique(found[:, 0, 0])) > min(2, chunk - 1)


@pytest.mark.parametrize("maps", [True, False])
def test_rows_mix_within_a_sample_only(maps):
    _, found = drawn(mixing, 9, maps)
    np.testing.assert_allclose(found.sum(axis=1), 0, atol=1e-5)


def test_what_is_not_mapped_is_compiled_for_one_sample():
    chunk, _ = drawn(mixing, 9, maps=False)
    assert chunk == (8 if TORCH else 1)


def test_a_chunk_keeps_to_the_budget(monkeypatch):
    budget = dict.fromkeys(("cpu", "other"), 10 * 6)
    monkeypatch.setattr(sample_chunks, "BUDGET", budget)
    found, frontier = chunks_of(mixing())
    assert found.chunk(frontier, 30, size=6) in (10, 12)


def test_a_chunk_in_groups_has_the_samples_of_each_key():
    found, frontier = chunks_of(repeated())
    # A loop over groups is compiled on JAX alone.
    found._in_groups, found._eager = True, keras.backend.backend() != "jax"
    keys = found.keys(8, 1, 0, 0)
    (made,) = found.drawn(frontier, keys, 8)
    each = [found.drawn(frontier, keys[i : i + 1], 4)[0] for i in range(2)]
    expected = np.concatenate([to_numpy(one) for one in each])
    assert expected.shape == (8, len(X), 2) and len(keys) == 2
    np.testing.assert_allclose(to_numpy(made), expected, rtol=1e-6)


class Restless(L.Layer):
    """Draws by NumPy, which the key does not govern."""

    def call(self, x):
        return x + float(np.random.normal())


@pytest.mark.skipif(not TORCH, reason="NumPy's numbers are constants there")
@pytest.mark.parametrize("last, maps", [(Restless, False), (L.ReLU, True)])
def test_what_the_key_does_not_govern_is_not_mapped(last, maps):
    mixed = L.Lambda(lambda x: x)
    model = flat(L.Dropout(0.5), mixed)
    model.add(last())
    found, frontier = chunks_of(model)
    assert found.looked_at(frontier) >= len(X) * FEATURES
    assert found.maps is maps


class Devices:
    """Stands for several devices."""

    def __init__(self, count):
        self.count = count


def shared(kind, devices):
    """Returns the chunks of a model that several devices share."""
    found, _ = chunks_of(repeated() if kind != "mapped" else mixing())
    found._parts = Devices(devices)
    found._in_groups = kind == "groups"
    return found


@pytest.mark.parametrize("kind", ["one key", "groups", "mapped"])
@pytest.mark.parametrize("devices", [2, 3, 8])
@pytest.mark.parametrize("chunk, samples", [(4, 4), (8, 30), (1, 7), (12, 100)])
def test_every_device_computes_as_many_samples(kind, devices, chunk, samples):
    found = shared(kind, devices)
    places = found.places(chunk, samples)
    keys = found.keys(chunk, 1, 0, 0, places)
    computed = found.computed(chunk, keys)
    assert computed % devices == 0
    assert len(keys) == 1 or len(keys) % devices == 0
    assert computed >= min(samples, chunk * places)
    # No device computes more than it would alone for as many samples.
    assert computed // devices <= chunk * places


@pytest.mark.parametrize("kind", ["one key", "groups", "mapped"])
@pytest.mark.parametrize("place", [0, 5])
def test_several_devices_use_the_keys_of_one(kind, place):
    alone, several = shared(kind, 1), shared(kind, 3)
    places = several.places(4, 100)
    keys = several.keys(4, 1, 2, place, places)
    of_one = [alone.keys(4, 1, 2, place + i) for i in range(places)]
    expected = np.concatenate(of_one)
    np.testing.assert_array_equal(keys[: len(expected)], expected)

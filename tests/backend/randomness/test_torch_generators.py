import numpy as np
import pytest

from keras_trainkit.backend.randomness.random_state import RandomState
from keras_trainkit.backend.randomness.torch_generators import data_generators

torch = pytest.importorskip(
    "torch", reason="torch oracle: torch is not installed"
)
data = torch.utils.data

ROWS = data.TensorDataset(torch.arange(6))


def loader(**options):
    return data.DataLoader(ROWS, **options)


def generator():
    return torch.Generator().manual_seed(1)


def sampled(given):
    return data.RandomSampler(ROWS, generator=given)


LOADERS = {
    "its own": lambda given: loader(shuffle=True, generator=given),
    "its sampler's": lambda given: loader(sampler=sampled(given)),
    "its batch sampler's": lambda given: loader(
        batch_sampler=data.BatchSampler(sampled(given), 2, drop_last=False)
    ),
}


@pytest.mark.parametrize("make", LOADERS.values(), ids=LOADERS)
def test_a_loaders_generator_is_found(make):
    given = generator()
    assert data_generators(make(given)) == [given]


@pytest.mark.parametrize(
    "other",
    [None, np.ones(3), loader(shuffle=True), iter(loader())],
    ids=["none", "an array", "no generator", "an iterator"],
)
def test_other_data_has_none(other):
    assert data_generators(other) == []


def test_the_snapshot_puts_a_generator_back():
    given = generator()
    state = RandomState([given])
    first = torch.rand(3, generator=given)
    state.restore()
    assert torch.equal(torch.rand(3, generator=given), first)

"""Seeds of one replica and of several; real replicas: tests/distributed."""

import types

import keras
import numpy as np
import pytest

from keras_trainkit.backend.randomness.replica_seed import ReplicaSeedGenerator
from keras_trainkit.backend.randomness.replica_seed import (
    differ_between_replicas,
)
from tests.helpers.arrays import to_numpy

only_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow",
    reason="tf.distribute needs the TensorFlow backend",
)
only_torch = pytest.mark.skipif(
    keras.backend.backend() != "torch",
    reason="DistributedDataParallel needs the torch backend",
)
every_order = pytest.mark.parametrize("ordered", [True, False])


def generator(seed=7):
    return differ_between_replicas(keras.random.SeedGenerator(seed))


def drawn(generator, ordered=True, draws=3):
    return [to_numpy(generator.next(ordered)).tolist() for _ in range(draws)]


@pytest.fixture
def on_replica(monkeypatch):
    """Returns a function that puts the process on one replica of several."""
    import tensorflow as tf

    def put(replica, replicas=2):
        context = types.SimpleNamespace(
            replica_id_in_sync_group=replica, num_replicas_in_sync=replicas
        )
        monkeypatch.setattr(
            tf.distribute, "get_replica_context", lambda: context
        )

    return put


@pytest.fixture
def on_rank(monkeypatch):
    """Returns a function that puts the process into a call on one rank."""
    import torch
    from torch.nn.parallel import DistributedDataParallel

    def put(rank):
        network = types.SimpleNamespace(process_group="group")
        ranks = {"group": rank}
        monkeypatch.setattr(
            DistributedDataParallel, "_active_ddp_module", network
        )
        monkeypatch.setattr(torch.distributed, "get_rank", ranks.__getitem__)

    return put


@every_order
def test_one_replica_draws_what_keras_draws(ordered):
    theirs = keras.random.SeedGenerator(7)
    assert drawn(generator(), ordered) == drawn(theirs, ordered)


def test_the_generator_stays_the_same_object_with_the_same_state():
    theirs = keras.random.SeedGenerator(7)
    path, config = theirs.state.path, theirs.get_config()
    ours = differ_between_replicas(theirs)
    assert ours is theirs
    assert (ours.state.path, ours.get_config()) == (path, config)


def test_it_is_serialisable():
    before = generator()
    config = keras.saving.serialize_keras_object(before)
    after = keras.saving.deserialize_keras_object(config)
    assert type(after) is ReplicaSeedGenerator
    assert after.get_config() == before.get_config()
    assert drawn(after) == drawn(before)


@only_tensorflow
@every_order
def test_the_first_replica_draws_what_keras_draws(ordered, on_replica):
    theirs = drawn(keras.random.SeedGenerator(7), ordered)
    on_replica(0)
    assert drawn(generator(), ordered) == theirs


@only_tensorflow
@every_order
def test_another_replica_adds_its_stream_to_the_first_word(ordered, on_replica):
    theirs = np.array(drawn(keras.random.SeedGenerator(7), ordered))
    on_replica(1)
    stream = 0x9E3779B9 % 2**31
    ours = np.array(drawn(generator(), ordered))
    assert (ours - theirs).tolist() == [[stream, 0]] * 3


@only_tensorflow
def test_a_number_that_is_a_tensor_gives_the_same_stream(on_replica):
    import tensorflow as tf

    on_replica(3, replicas=4)
    expected = drawn(generator())
    on_replica(tf.constant(3), replicas=4)
    assert drawn(generator()) == expected


@only_tensorflow
def test_no_two_replicas_share_a_stream(on_replica):
    def first_word(replica):
        on_replica(replica, replicas=500)
        # keras/src/backend/tensorflow/random.py, `_cast_seed`
        return drawn(generator(), draws=1)[0][0] % (2**31 - 2)

    words = np.sort([first_word(replica) for replica in range(500)])
    assert np.diff(words).min() > 1000


@only_tensorflow
def test_the_state_is_the_same_on_every_replica(on_replica):
    def state_after_a_draw(replica):
        on_replica(replica)
        ours = generator()
        ours.next()
        return to_numpy(ours.state.value).tolist()

    assert state_after_a_draw(0) == state_after_a_draw(1) == [7, 1]


@only_tensorflow
def test_outside_the_replicas_it_draws_what_keras_draws(monkeypatch):
    import tensorflow as tf

    monkeypatch.setattr(tf.distribute, "get_replica_context", lambda: None)
    assert drawn(generator()) == drawn(keras.random.SeedGenerator(7))


@only_torch
@every_order
@pytest.mark.parametrize("rank, stream", [(0, 0), (1, 0x1E3779B9)])
def test_a_rank_adds_its_stream_to_the_first_word(
    ordered, rank, stream, on_rank
):
    theirs = np.array(drawn(keras.random.SeedGenerator(7), ordered))
    on_rank(rank)
    ours = np.array(drawn(generator(), ordered))
    assert (ours - theirs).tolist() == [[stream, 0]] * 3


@only_torch
def test_a_large_seed_is_one_on_every_rank(on_rank):
    """Seeds are 32 bits of an integer with a sign there."""
    on_rank(3)
    draw = keras.random.uniform((4,), seed=generator(2**31 - 1))
    on_rank(0)
    other = keras.random.uniform((4,), seed=generator(2**31 - 1))
    assert to_numpy(draw).tolist() != to_numpy(other).tolist()


@only_torch
def test_torch_still_tells_which_wrapper_calls():
    from torch.nn.parallel import DistributedDataParallel

    assert DistributedDataParallel._get_active_ddp_module() is None

"""Random numbers that differ from replica to replica of one training."""

import keras

# Odd, so that no two replicas get the same stream modulo 2**31, and far from
# the small numbers that users take as seeds.
_STRIDE = 0x9E3779B9
_STREAMS = 2**31


def differ_between_replicas(generator):
    """Lets replicas that share a seed generator draw different numbers.

    `tf.distribute` mirrors the generator's state like any other variable, and
    torch's `DistributedDataParallel` copies that of the first rank to all, so
    every replica would draw the same masks. To be called where a layer makes
    its generator. The state stays what it was, one variable that is equal on
    all replicas; only what is drawn from it differs,

    `seed = (state[0] + stream(replica), state[1])`, with `stream(0) = 0`.

    On torch that is so within a call of the wrapped model. With one replica
    nothing changes, and on JAX: `keras.distribution` computes the whole batch
    in one program.

    Args:
        generator: A `keras.random.SeedGenerator`.

    Returns:
        The same object.

    Example:

    >>> from keras_trainkit.backend.randomness.replica_seed import (
    ...     differ_between_replicas,
    ... )
    >>> layer = keras.layers.Dropout(0.5, seed=1)
    >>> generator = differ_between_replicas(layer.seed_generator)
    >>> generator is layer.seed_generator, generator.get_config()["seed"]
    (True, 1)
    """
    # Another object would be a second generator for Keras's trackers, and
    # another name for its state.
    generator.__class__ = ReplicaSeedGenerator
    return generator


@keras.saving.register_keras_serializable(package="keras_trainkit")
class ReplicaSeedGenerator(keras.random.SeedGenerator):
    """A seed generator of which each replica has a stream of its own."""

    def next(self, ordered=True):
        """Returns the next seed of this replica, of shape `(2,)`."""
        seed = super().next(ordered)
        backend = keras.backend.backend()
        if backend == "tensorflow":
            return _of_this_replica(seed)
        return _of_this_rank(seed) if backend == "torch" else seed


def _of_this_replica(seed):
    import tensorflow as tf

    # None while a strategy's scope builds a model, outside of its replicas.
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return seed
    # A tensor on TPUs, elsewhere an integer.
    replica = tf.cast(context.replica_id_in_sync_group, "int64")
    stream = tf.cast(replica * _STRIDE % _STREAMS, seed.dtype)
    return seed + tf.stack([stream, tf.zeros_like(stream)])


def _of_this_rank(seed):
    import torch
    from torch.nn.parallel import DistributedDataParallel

    # torch/nn/parallel/distributed.py: None but while a wrapper calls its
    # model.
    network = DistributedDataParallel._get_active_ddp_module()
    if network is None:
        return seed
    rank = torch.distributed.get_rank(network.process_group)
    return seed + torch.tensor(
        [rank * _STRIDE % _STREAMS, 0], dtype=seed.dtype, device=seed.device
    )

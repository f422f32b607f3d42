"""Random numbers that differ from replica to replica of one training."""

import keras

# Odd, so that no two replicas get the same stream modulo 2**31, and far from
# the small numbers that users take as seeds.
_STRIDE = 0x9E3779B9
_STREAMS = 2**31


def differ_between_replicas(generator):
    """Lets replicas that share a seed generator draw different numbers.

    `tf.distribute` mirrors the generator's state like any other variable, so
    every replica would draw the same masks. To be called where a layer makes
    its generator. The state stays what it was, one variable that is equal on
    all replicas; only what is drawn from it differs,

    `seed = (state[0] + stream(replica), state[1])`, with `stream(0) = 0`.

    With one replica, and on backends without replicas inside a process,
    nothing changes: `keras.distribution` on JAX computes the whole batch in
    one program, and ranks of torch's `DistributedDataParallel` are processes
    with seeds of their own.

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
        if keras.backend.backend() != "tensorflow":
            return seed
        return _of_this_replica(seed)


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

"""Work in a compiled function that devices share, each a part of it."""

import functools

import keras


class DeviceParts:
    """The devices over which a model is spread, as those who share work.

    On TensorFlow these are the replicas of a `MirroredStrategy`, on JAX the
    devices along the batch axis of the current `keras.distribution`, of all
    processes. Elsewhere, and where nothing is compiled, there is one.

    Args:
        model: A `keras.Model`.
        compiles: Whether functions of the model are compiled.
        xla: Whether by XLA.

    Attributes:
        count: How many they are.
        key: What differs between any two such groups of devices.
    """

    def __init__(self, model, compiles, xla):
        self._strategy = self._mesh = self._axis = None
        self.count, self.key = 1, None
        if not compiles:
            return
        backend = keras.backend.backend()
        if backend == "tensorflow" and not xla:
            self._take_replicas(getattr(model, "_distribute_strategy", None))
        elif backend == "jax" and keras.distribution.distribution():
            self._take_devices(keras.distribution.distribution())

    def __call__(self, function, keys=None):
        """Returns what all parts return, one below the other.

        To be called in a function that is compiled.

        Args:
            function: Callable `(part, keys) -> list of tensors`. The part is
                an integer or an integer tensor from 0 to `count - 1`, the
                keys are its share of them.
            keys: Tensor whose first axis `count` divides. Defaults to `None`:
                `function` is called with `None`.

        Returns:
            List of tensors, equal on all devices.
        """
        if self._strategy is not None:
            return self._on_replicas(function, keys)
        return self._on_devices(function, keys)

    def _take_replicas(self, strategy):
        import tensorflow as tf

        if isinstance(strategy, tf.distribute.MirroredStrategy):
            self._strategy = strategy
            self.count = strategy.num_replicas_in_sync
            self.key = id(strategy), self.count

    def _take_devices(self, distribution):
        mesh = distribution.device_mesh
        self._mesh, self._axis = mesh.backend_mesh, distribution.batch_dim_name
        self.count = self._mesh.shape[self._axis]
        self.key = self._mesh, self._axis

    def _on_replicas(self, function, keys):
        import tensorflow as tf

        if keys is not None:
            keys = tf.reshape(keys, (self.count, -1, *keys.shape[1:]))

        def replica():
            context = tf.distribute.get_replica_context()
            part = context.replica_id_in_sync_group
            return function(part, None if keys is None else keys[part])

        return [
            tf.concat(self._strategy.experimental_local_results(one), axis=0)
            for one in self._strategy.run(replica)
        ]

    def _on_devices(self, function, keys):
        import jax
        from jax.sharding import NamedSharding
        from jax.sharding import PartitionSpec

        on_each = functools.partial(
            jax.shard_map,
            mesh=self._mesh,
            in_specs=PartitionSpec(self._axis),
            out_specs=PartitionSpec(self._axis),
            axis_names={self._axis},
            check_vma=False,
        )
        places = jax.numpy.arange(self.count)
        if keys is None:
            drawn = on_each(lambda part: function(part[0], None))(places)
        else:
            drawn = on_each(lambda part, own: function(part[0], own))(
                places, keys
            )
        everywhere = NamedSharding(self._mesh, PartitionSpec())
        return jax.lax.with_sharding_constraint(drawn, everywhere)

"""How many samples of `mc_predict` each device computes, seen as it runs."""

import collections
import contextlib

import keras
import numpy as np

import keras_trainkit as ktk
from keras_trainkit.sampling.tail import Tail

ROWS = np.random.default_rng(0).normal(size=(4, 8)).astype("float32")


def repeated():
    """Samples go through it as one large batch."""
    return _model(keras.layers.Dropout(0.5, seed=1))


def mapped():
    """Rows depend on each other, so each sample is a batch of its own."""
    mixed = keras.layers.Lambda(lambda x: x - keras.ops.mean(x, 0))
    return _model(keras.layers.Dropout(0.5, seed=1), mixed)


def by_xla():
    """XLA compiles what samples it: that is left to one replica."""
    model = repeated()
    model.compile(jit_compile=True)
    return model


def _model(*layers):
    keras.utils.set_random_seed(1)
    dense = keras.layers.Dense
    return keras.Sequential(
        [
            keras.Input((8,)),
            dense(4, activation="relu", name="hidden"),
            *layers,
            dense(3, activation="softmax", name="head"),
        ]
    )


def predicted(model, samples):
    """Returns the samples, and how many each device has computed."""
    with _counted() as computed:
        found = ktk.uncertainty.mc_predict(
            model, ROWS, samples, seed=1, return_samples=True
        )
    return {
        "samples": found.samples.tolist(),
        "mean": found.mean.tolist(),
        "computed": computed,
    }


@contextlib.contextmanager
def _counted():
    """Yields `{device: samples}` of what devices share, filled inside."""
    computed, plain = collections.Counter(), Tail.__call__

    def note(device, samples):
        computed[int(device)] += int(samples)

    def counting(self, frontier, copies, draws):
        watch = globals()[f"_watch_{keras.backend.backend()}"]
        watch(note, copies, draws)
        return plain(self, frontier, copies, draws)

    Tail.__call__ = counting
    try:
        yield computed
    finally:
        Tail.__call__ = plain


def _watch_jax(note, samples, draws):
    import jax

    # Of samples that are mapped together, each has a key of its own.
    samples = samples + 0 * draws._key[0]

    # Where nothing is shared, the name of the axis is not known.
    with contextlib.suppress(NameError):
        jax.debug.callback(note, jax.lax.axis_index("batch"), samples)


def _watch_tensorflow(note, samples, draws):
    import tensorflow as tf

    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync > 1:
        replica = context.replica_id_in_sync_group
        tf.numpy_function(note, [replica, samples], [], stateful=True)

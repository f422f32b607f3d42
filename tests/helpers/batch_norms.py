"""Models with BatchNormalization, and float64 statistics of their inputs."""

import keras
import numpy as np

from tests.helpers.arrays import to_numpy


class Recording(keras.layers.BatchNormalization):
    """Notes what it is given, where that has values."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.noted = None

    def call(self, inputs, training=None, mask=None):
        if self.noted is not None:
            mask = None if mask is None else to_numpy(mask)
            self.noted.append((to_numpy(inputs).astype("float64"), mask))
        return super().call(inputs, training=training, mask=mask)


def compiled(model, optimizer="sgd", traced=True):
    """Compiles without what takes seconds on TensorFlow and adds nothing.

    That is XLA, and where `traced` does not matter, `tf.function`.
    """
    backend = keras.backend.backend()
    model.compile(
        optimizer,
        "mse",
        jit_compile=backend == "jax",
        run_eagerly=backend == "tensorflow" and not traced,
    )
    return model


def recordings(model):
    found = [one for one in model._flatten_layers() if type(one) is Recording]
    return list({id(one): one for one in found}.values())


def population(model, x):
    """Returns `{name: (mean, variance)}` of all inputs, in NumPy.

    The model runs eagerly on all of `x` at once, with the statistics it has.
    """
    layers = recordings(model)
    for layer in layers:
        vars(layer)["noted"] = []
    try:
        model(keras.tree.map_structure(keras.ops.convert_to_tensor, x))
        return {one.name: _moments(one) for one in layers if one.noted}
    finally:
        for layer in layers:
            vars(layer)["noted"] = None


def _moments(layer):
    rows = []
    for values, mask in layer.noted:
        channels = np.moveaxis(values, layer.axis, -1)
        flat = channels.reshape(-1, channels.shape[-1])
        counts = np.ones(len(flat), bool) if mask is None else mask.ravel()
        rows.append(flat[counts.astype(bool)])
    rows = np.concatenate(rows)
    return rows.mean(axis=0), rows.var(axis=0)


def statistics(model):
    """Returns `{name: (mean, variance)}` as the layers hold them."""
    return {
        layer.name: tuple(
            map(to_numpy, (layer.moving_mean, layer.moving_variance))
        )
        for layer in recordings(model)
    }


def assert_refreshed(model, x, names=None, rtol=1e-5):
    """Raises unless what the layers hold is what their inputs have."""
    held, expected = statistics(model), population(model, x)
    for name in names or expected:
        mean, variance = expected[name]
        # A mean near 0 is known as well as the values around it.
        scale = rtol * np.sqrt(variance + mean**2) + 1e-9
        np.testing.assert_array_less(np.abs(held[name][0] - mean), scale)
        np.testing.assert_allclose(held[name][1], variance, rtol, 1e-9)

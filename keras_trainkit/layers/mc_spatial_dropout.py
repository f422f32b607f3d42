"""Dropout of feature maps that also drops at inference."""

import keras

from keras_trainkit.layers.always_on import AlwaysOn
from keras_trainkit.layers.always_on import require_rate


class _WholePolicy:
    """Keeps the dtype policy in the config."""

    def get_config(self):
        """Returns the constructor's arguments."""
        # keras/src/layers/regularization/spatial_dropout.py writes the
        # variables' dtype, so "mixed_float16" would come back as float32.
        policy = keras.dtype_policies.serialize(self.dtype_policy)
        return {**super().get_config(), "dtype": policy}


@keras.saving.register_keras_serializable(package="keras_trainkit")
class MCSpatialDropout1D(_WholePolicy, AlwaysOn, keras.layers.SpatialDropout1D):
    """Spatial 1D dropout that also drops at inference.

    Drops whole feature maps: the `MCDropout` for time series after a
    convolution, whose neighbours are too alike for single dropped elements
    to matter.

    ```
    y[b, t, c] = x[b, t, c] * keep[b, c] / (1 - rate)
    ```

    Args:
        rate: Float in [0, 1], the fraction of feature maps to drop. 0 is the
            identity.
        seed: As for `MCDropout`.
        name: The layer's name. Defaults to `None`: one that Keras makes.
        dtype: The layer's dtype or dtype policy. Defaults to `None`: the
            global policy.

    Call arguments:
        inputs: Tensor of rank 3, `(batch, time, channels)`.
        training: Accepted, and ignored.

    Returns:
        Tensor with the shape of the input, in the layer's compute dtype.

    Raises:
        ValueError: If `rate` is outside [0, 1].
        TypeError: If `rate` is not a number.

    Example:

    >>> layer = ktk.layers.MCSpatialDropout1D(0.5, seed=1)
    >>> y = layer(np.ones((2, 4, 32), "float32"), training=False)
    >>> y = keras.ops.convert_to_numpy(y).reshape((2, -1, 32))
    >>> bool((y == y[:, :1]).all()), sorted(set(y.ravel().tolist()))
    (True, [0.0, 2.0])

    Reference:

    - [Tompson et al., 2014](https://arxiv.org/abs/1411.4280)
    - [Gal and Ghahramani, 2016](https://arxiv.org/abs/1506.02142)
    """

    def __init__(self, rate, seed=None, name=None, dtype=None):
        require_rate(rate)
        super().__init__(rate, seed=seed, name=name, dtype=dtype)


@keras.saving.register_keras_serializable(package="keras_trainkit")
class MCSpatialDropout2D(_WholePolicy, AlwaysOn, keras.layers.SpatialDropout2D):
    """Spatial 2D dropout that also drops at inference.

    Drops whole feature maps: the `MCDropout` for images after a convolution,
    whose neighbours are too alike for single dropped elements to matter.

    ```
    y[b, h, w, c] = x[b, h, w, c] * keep[b, c] / (1 - rate)
    ```

    Args:
        rate: Float in [0, 1], the fraction of feature maps to drop. 0 is the
            identity.
        data_format: `"channels_last"` for inputs of shape
            `(batch, rows, columns, channels)`,
            `"channels_first"` for inputs of shape
            `(batch, channels, rows, columns)`. Defaults to
            `keras.config.image_data_format()`.
        seed: As for `MCDropout`.
        name: The layer's name. Defaults to `None`: one that Keras makes.
        dtype: The layer's dtype or dtype policy. Defaults to `None`: the
            global policy.

    Call arguments:
        inputs: Tensor of rank 4.
        training: Accepted, and ignored.

    Returns:
        Tensor with the shape of the input, in the layer's compute dtype.

    Raises:
        ValueError: If `rate` is outside [0, 1] or `data_format` is unknown.
        TypeError: If `rate` is not a number.

    Example:

    >>> layer = ktk.layers.MCSpatialDropout2D(0.5, seed=1)
    >>> y = layer(np.ones((2, 2, 2, 32), "float32"), training=False)
    >>> y = keras.ops.convert_to_numpy(y).reshape((2, -1, 32))
    >>> bool((y == y[:, :1]).all()), sorted(set(y.ravel().tolist()))
    (True, [0.0, 2.0])

    Reference:

    - [Tompson et al., 2014](https://arxiv.org/abs/1411.4280)
    - [Gal and Ghahramani, 2016](https://arxiv.org/abs/1506.02142)
    """

    def __init__(
        self, rate, data_format=None, seed=None, name=None, dtype=None
    ):
        require_rate(rate)
        super().__init__(
            rate, data_format=data_format, seed=seed, name=name, dtype=dtype
        )


@keras.saving.register_keras_serializable(package="keras_trainkit")
class MCSpatialDropout3D(_WholePolicy, AlwaysOn, keras.layers.SpatialDropout3D):
    """Spatial 3D dropout that also drops at inference.

    Drops whole feature maps: the `MCDropout` for volumes after a convolution,
    whose neighbours are too alike for single dropped elements to matter.

    ```
    y[b, d, h, w, c] = x[b, d, h, w, c] * keep[b, c] / (1 - rate)
    ```

    Args:
        rate: Float in [0, 1], the fraction of feature maps to drop. 0 is the
            identity.
        data_format: `"channels_last"` for inputs of shape
            `(batch, depth, rows, columns, channels)`,
            `"channels_first"` for inputs of shape
            `(batch, channels, depth, rows, columns)`. Defaults to
            `keras.config.image_data_format()`.
        seed: As for `MCDropout`.
        name: The layer's name. Defaults to `None`: one that Keras makes.
        dtype: The layer's dtype or dtype policy. Defaults to `None`: the
            global policy.

    Call arguments:
        inputs: Tensor of rank 5.
        training: Accepted, and ignored.

    Returns:
        Tensor with the shape of the input, in the layer's compute dtype.

    Raises:
        ValueError: If `rate` is outside [0, 1] or `data_format` is unknown.
        TypeError: If `rate` is not a number.

    Example:

    >>> layer = ktk.layers.MCSpatialDropout3D(0.5, seed=1)
    >>> y = layer(np.ones((2, 2, 2, 2, 32), "float32"), training=False)
    >>> y = keras.ops.convert_to_numpy(y).reshape((2, -1, 32))
    >>> bool((y == y[:, :1]).all()), sorted(set(y.ravel().tolist()))
    (True, [0.0, 2.0])

    Reference:

    - [Tompson et al., 2014](https://arxiv.org/abs/1411.4280)
    - [Gal and Ghahramani, 2016](https://arxiv.org/abs/1506.02142)
    """

    def __init__(
        self, rate, data_format=None, seed=None, name=None, dtype=None
    ):
        require_rate(rate)
        super().__init__(
            rate, data_format=data_format, seed=seed, name=name, dtype=dtype
        )

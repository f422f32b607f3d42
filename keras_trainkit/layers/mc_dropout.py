"""Dropout of elements that also drops at inference."""

import keras

from keras_trainkit.layers.always_on import AlwaysOn
from keras_trainkit.layers.always_on import require_noise_shape
from keras_trainkit.layers.always_on import require_rate
from keras_trainkit.layers.always_on import require_rate_below_one


@keras.saving.register_keras_serializable(package="keras_trainkit")
class MCDropout(AlwaysOn, keras.layers.Dropout):
    """Dropout that also drops at inference.

    With it a network's forward pass is a sample from an approximate
    posterior: predict several times, take the mean for the prediction and
    the spread for its uncertainty. It acts in `predict`, `evaluate`, plain
    calls and with `training=False`; all other layers, batch normalisation
    among them, stay in inference mode there. To subclass it, write `call`
    and `get_config` as for any Keras layer.

    ```
    y = x * keep / (1 - rate),    keep ~ Bernoulli(1 - rate)
    ```

    Args:
        rate: Float in [0, 1], the fraction of elements to drop. 0 is the
            identity.
        noise_shape: Tuple, the shape of the mask, with `None` where it is
            that of the input: `(None, 1, None)` drops the same features at
            all timesteps. Defaults to the shape of the input, so that the
            rows of a batch get different masks.
        seed: Integer, optional random seed: the same seed gives the same
            sequence of masks. Defaults to `None`: the sequence is governed by
            `keras.utils.set_random_seed`.
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Tensor of any rank.
        training: Accepted, and ignored.

    Returns:
        Tensor with the shape of the input, in the layer's compute dtype.

    Raises:
        ValueError: If `rate` is outside [0, 1] or `noise_shape` is invalid.
        TypeError: If `rate` is not a number.

    Example:

    >>> layer = ktk.layers.MCDropout(0.5, seed=1)
    >>> x = np.ones((4, 100), "float32")
    >>> a = keras.ops.convert_to_numpy(layer(x))
    >>> b = keras.ops.convert_to_numpy(layer(x, training=False))
    >>> sorted(set(a.ravel().tolist())), bool((a == b).all())
    ([0.0, 2.0], False)

    Reference:

    - [Gal and Ghahramani, 2016](https://arxiv.org/abs/1506.02142)
    """

    def __init__(self, rate, noise_shape=None, seed=None, **kwargs):
        require_rate(rate)
        require_noise_shape(noise_shape)
        super().__init__(rate, noise_shape=noise_shape, seed=seed, **kwargs)


@keras.saving.register_keras_serializable(package="keras_trainkit")
class MCAlphaDropout(AlwaysOn, keras.layers.AlphaDropout):
    """Alpha dropout that also drops at inference.

    The Monte Carlo dropout for self-normalising networks (LeCun
    initialisation, SELU): dropped elements take SELU's negative saturation
    value, and an affine map keeps the mean 0 and the variance 1 of
    standardised activations.

    ```
    y = a * (x * keep + s * (1 - keep)) + b,    keep ~ Bernoulli(1 - rate)
    s = -1.7581,  a = ((1 - rate) * (1 + rate * s**2)) ** -0.5
    b = -a * s * rate
    ```

    Args:
        rate: Float in [0, 1), the fraction of elements to drop. 0 is the
            identity.
        noise_shape: As for `MCDropout`.
        seed: As for `MCDropout`.
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Tensor of any rank.
        training: Accepted, and ignored.

    Returns:
        Tensor with the shape of the input, in the layer's compute dtype.

    Raises:
        ValueError: If `rate` is outside [0, 1).
        TypeError: If `rate` is not a number.

    Example:

    >>> layer = ktk.layers.MCAlphaDropout(0.1, seed=1)
    >>> x = np.zeros((4, 100), "float32")
    >>> y = keras.ops.convert_to_numpy(layer(x, training=False))
    >>> len(set(y.ravel().tolist()))
    2

    Reference:

    - [Klambauer et al., 2017](https://arxiv.org/abs/1706.02515)
    - [Gal and Ghahramani, 2016](https://arxiv.org/abs/1506.02142)
    """

    def __init__(self, rate, noise_shape=None, seed=None, **kwargs):
        require_rate_below_one(rate)
        require_noise_shape(noise_shape)
        super().__init__(rate, noise_shape=noise_shape, seed=seed, **kwargs)


@keras.saving.register_keras_serializable(package="keras_trainkit")
class MCGaussianDropout(AlwaysOn, keras.layers.GaussianDropout):
    """Gaussian dropout that also acts at inference.

    Multiplies by noise of mean 1 in place of dropping: smoother samples than
    those of `MCDropout`, of the same mean and variance.

    ```
    y = x * noise,    noise ~ Normal(1, rate / (1 - rate))   (the variance)
    ```

    Args:
        rate: Float in [0, 1), the drop probability of the dropout with the
            same variance. 0 is the identity.
        seed: As for `MCDropout`.
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Tensor of any rank.
        training: Accepted, and ignored.

    Returns:
        Tensor with the shape of the input, in the layer's compute dtype.

    Raises:
        ValueError: If `rate` is outside [0, 1).
        TypeError: If `rate` is not a number.

    Example:

    >>> layer = ktk.layers.MCGaussianDropout(0.2, seed=1)
    >>> x = np.ones((100, 100), "float32")
    >>> y = keras.ops.convert_to_numpy(layer(x, training=False))
    >>> round(float(y.mean()), 1), round(float(y.std()), 1)
    (1.0, 0.5)

    Reference:

    - [Srivastava et al., 2014](https://jmlr.org/papers/v15/srivastava14a.html)
    """

    def __init__(self, rate, seed=None, **kwargs):
        require_rate_below_one(rate)
        super().__init__(rate, seed=seed, **kwargs)

"""Auxiliary tasks that corrupt inputs and predict the original."""

import math

import keras
from keras import ops

from keras_trainkit.backend.randomness.replica_seed import (
    differ_between_replicas,
)
from keras_trainkit.kernels import hidden_places
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.argument_checks import require_number


def denoise(stddev=0.1, seed=None):
    """Returns the task to predict inputs from inputs under Gaussian noise.

    The code of an autoencoder that is wide enough can be a copy of its input.
    Under noise it cannot: to take the noise off, the encoder has to know what
    inputs are like. Noise is drawn anew at each step, while `fit` trains only:
    `val_loss` is that of clean inputs, and the encoder itself is never given
    noise later.

    ```
    loss(decoder(encoder(x + stddev * N(0, 1))), x)
    ```

    Args:
        stddev: Float above 0, in the units of the inputs. Defaults to 0.1.
        seed: Integer, optional random seed. Defaults to `None`: the noise is
            governed by `keras.utils.set_random_seed`.

    Returns:
        A task for `autoencode(..., corrupt=)`, `stacked(..., corrupt=)` and
        `auxiliary`: a Keras layer.

    Raises:
        ValueError: If `stddev` is not above 0, or not finite.
        TypeError: If it is no number.

    Example:

    >>> task = ktk.pretraining.denoise(0.5, seed=1)
    >>> x = np.zeros((1, 4), "float32")
    >>> noisy = keras.ops.convert_to_numpy(task(x, training=True))
    >>> clean = keras.ops.convert_to_numpy(task(x))
    >>> bool((noisy != 0).all()), bool((clean == 0).all())
    (True, True)

    Reference:

    - [Vincent et al., 2010](https://jmlr.org/papers/v11/vincent10a.html)
    """
    return GaussianCorruption(stddev, seed=seed)


def mask(rate=0.5, patch=1, value=0.0, loss_on="masked", seed=None):
    """Returns the task to predict what was hidden of inputs.

    Of vectors features are hidden, of sequences time steps, of images
    patches, with all their channels; which ones is drawn anew for each row at
    each step, for `val_loss` too. So many are hidden in every row:

    ```
    count = round(rate * units),   1 <= count < units
    ```

    where the units are features, or patches of `patch` places along each axis
    (one at the end that is not whole counts, too).

    Args:
        rate: Float in (0, 1), the fraction to hide. Defaults to 0.5; 0.75 is
            usual for images, 0.15 for text.
        patch: Integer, or a tuple of one for each axis: how many neighbours
            are hidden together. Defaults to 1.
        value: Float that stands in the hidden places. Where it is an
            ordinary value of inputs, as 0 is the background of many images,
            the encoder cannot see what is hidden: take one outside of their
            range. Defaults to 0.0.
        loss_on: `"masked"`, the mean of the loss over what was hidden, as in
            BERT and MAE, or `"all"`, over everything, as in a denoising
            autoencoder. Defaults to `"masked"`.
        seed: Integer, optional random seed. Defaults to `None`: the choice is
            governed by `keras.utils.set_random_seed`.

    Returns:
        A task for `autoencode(..., corrupt=)`, `stacked(..., corrupt=)` and
        `auxiliary`: a Keras layer.

    Raises:
        ValueError: If `rate` is outside (0, 1), `patch` below 1, `value` not
            finite, or `loss_on` another word; when it meets inputs of one
            unit, or of sizes that are not known.
        TypeError: If one is of another type.

    Example:

    >>> task = ktk.pretraining.mask(0.75, patch=2, value=-1.0, seed=1)
    >>> images = np.ones((1, 4, 4, 1), "float32")
    >>> hidden = keras.ops.convert_to_numpy(task(images)) == -1
    >>> int(hidden.sum()), int(hidden[0, ::2, ::2].sum())
    (12, 3)

    Reference:

    - [He et al., 2021](https://arxiv.org/abs/2111.06377)
    - [Devlin et al., 2018](https://arxiv.org/abs/1810.04805)
    """
    return MaskCorruption(rate, patch, value, loss_on, seed=seed)


@keras.saving.register_keras_serializable(package="keras_trainkit")
class GaussianCorruption(keras.layers.Layer):
    """What `denoise` returns: adds noise in training."""

    # Keras's GaussianNoise takes no stddev above 1.
    def __init__(self, stddev=0.1, seed=None, **kwargs):
        super().__init__(**kwargs)
        require_number(
            "stddev",
            stddev,
            "a finite number above 0",
            lambda v: 0 < v < math.inf,
        )
        self.stddev = stddev
        self.seed = seed
        self.seed_generator = differ_between_replicas(
            keras.random.SeedGenerator(seed)
        )
        self.built = True

    def call(self, inputs, training=False):
        """Adds noise to `inputs` in training."""
        if not training:
            return inputs
        noise = keras.random.normal(
            ops.shape(inputs), dtype=inputs.dtype, seed=self.seed_generator
        )
        return inputs + self.stddev * noise

    def compute_output_shape(self, input_shape):
        """Returns `input_shape`."""
        return input_shape

    def get_config(self):
        """Returns the constructor's arguments."""
        return {
            **super().get_config(),
            "stddev": self.stddev,
            "seed": self.seed,
        }


@keras.saving.register_keras_serializable(package="keras_trainkit")
class MaskCorruption(keras.layers.Layer):
    """What `mask` returns: hides places of its inputs, always."""

    def __init__(
        self,
        rate=0.5,
        patch=1,
        value=0.0,
        loss_on="masked",
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        require_number("rate", rate, "in (0, 1)", lambda v: 0 < v < 1)
        require_number("value", value, "a finite number", math.isfinite)
        require_choice("loss_on", loss_on, ("masked", "all"))
        self.patch = tuple(patch) if isinstance(patch, (tuple, list)) else patch
        for length in self._lengths(1):
            require_integer("patch", length, least=1)
        self.rate = rate
        self.value = value
        self.loss_on = loss_on
        self.seed = seed
        self.seed_generator = differ_between_replicas(
            keras.random.SeedGenerator(seed)
        )
        self.built = True

    def call(self, inputs, training=False):
        """Hides places of `inputs`, whatever `training` is."""
        return self.hide(inputs)[0]

    def hide(self, inputs):
        """Returns the inputs with places hidden, and the places.

        Args:
            inputs: Tensor `(rows, features)` or `(rows, ..., channels)`.

        Returns:
            Tuple of the changed tensor and a float tensor that is 1 where it
            was: of the shape of the inputs for features, else without the
            axis of the channels.
        """
        sizes, patch, units = self.units_of(inputs.shape[1:])
        count = hidden_places.how_many(math.prod(units), self.rate)
        rows = ops.shape(inputs)[0]
        noise = keras.random.uniform(
            (rows, math.prod(units)), seed=self.seed_generator
        )
        chosen = hidden_places.chosen(noise, count)
        chosen = ops.reshape(chosen, (-1, *units))
        places = hidden_places.over_patches(chosen, patch, sizes)
        everywhere = places if inputs.shape[2:] == () else places[..., None]
        return hidden_places.hidden(inputs, everywhere, self.value), places

    def units_of(self, shape):
        """Returns what can be hidden of inputs of a shape without the batch.

        Returns:
            Three tuples with one element for each axis: how many places, how
            many of them in a patch, how many patches.

        Raises:
            ValueError: If the sizes are not known, `patch` does not fit, or
                there is only one unit.
        """
        sizes = tuple(shape) if len(shape) == 1 else tuple(shape[:-1])
        if None in sizes:
            raise bad_value(
                "x", f"inputs of shape {tuple(shape)}", "of known sizes"
            )
        patch = self._lengths(len(sizes))
        if len(patch) != len(sizes):
            raise bad_value(
                "patch", self.patch, f"of {len(sizes)} axes: those of {sizes}"
            )
        units = tuple(map(hidden_places.patches_along, sizes, patch))
        if math.prod(units) < 2:
            raise bad_value(
                "patch",
                self.patch,
                f"such that inputs of {sizes} have two patches at least",
            )
        return sizes, patch, units

    def compute_output_shape(self, input_shape):
        """Returns `input_shape`."""
        return input_shape

    def get_config(self):
        """Returns the constructor's arguments."""
        return {
            **super().get_config(),
            "rate": self.rate,
            "patch": self.patch,
            "value": self.value,
            "loss_on": self.loss_on,
            "seed": self.seed,
        }

    def _lengths(self, axes):
        return (
            self.patch
            if isinstance(self.patch, tuple)
            else (self.patch,) * axes
        )

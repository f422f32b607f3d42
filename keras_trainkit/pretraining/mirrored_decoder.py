"""The decoder that mirrors an encoder."""

import keras

from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import read_by
from keras_trainkit.pretraining.encoders import input_shape_of
from keras_trainkit.pretraining.encoders import require_model
from keras_trainkit.pretraining.layer_chain import chain_of
from keras_trainkit.pretraining.layer_chain import shapes_along
from keras_trainkit.pretraining.mirrors import DROPPED
from keras_trainkit.pretraining.mirrors import REPEATED
from keras_trainkit.pretraining.mirrors import mirrored
from keras_trainkit.pretraining.mirrors import repeated


def mirrored_decoder(encoder, activation=None, input_shape=None):
    """Returns a new decoder that mirrors `encoder`, layer by layer.

    What `autoencode` trains with where it is given no decoder. Made by hand
    it can be kept: `autoencode(encoder, x, decoder)` trains it in place.

    - `Dense`: a `Dense` with as many units as there were features.
    - `Conv1D` to `Conv3D`, separable and depthwise ones: the transposed
      convolution with the same kernel size and strides, cropped or padded to
      the size there was.
    - `MaxPooling`, `AveragePooling`: `UpSampling`, cropped or padded; global
      pooling: `UpSampling` to the size there was.
    - `Flatten`, `Reshape`, `Permute`: `Reshape`, `Permute`.
    - `ZeroPadding`, `Cropping`, `Rescaling`: the opposite.
    - Activations and normalisations: new ones of the same kind where the
      decoder comes by the shape that they had; none at the very end.
    - Dropout and noise: nothing.

    Weights are new. A transposed convolution covers exactly what the windows
    of the convolution covered; what no window has covered (a last odd row
    under `"valid"` padding) stays 0.

    Args:
        encoder: A built Sequential or functional `keras.Model`, a chain of
            these layers. Models inside of it are opened.
        activation: Function or its name: what the decoder ends in, such as
            `"sigmoid"` for inputs in [0, 1]. Defaults to `None`: nothing.
        input_shape: Tuple without the batch, where the encoder leaves sizes
            open. Defaults to `None`: the encoder's own.

    Returns:
        A built `keras.Sequential` from the encoder's output shape to its
        input shape.

    Raises:
        ValueError: If a layer has no mirror, several inputs or several
            outputs, or if a size is not known.
        TypeError: If `encoder` is subclassed, or no model.

    Example:

    >>> encoder = keras.Sequential(
    ...     [
    ...         keras.Input((7, 7, 1)),
    ...         keras.layers.Conv2D(4, 3, strides=2, padding="same"),
    ...         keras.layers.ReLU(),
    ...         keras.layers.Flatten(),
    ...         keras.layers.Dense(3),
    ...     ]
    ... )
    >>> decoder = ktk.pretraining.mirrored_decoder(encoder)
    >>> [type(layer).__name__ for layer in decoder.layers]
    ['Dense', 'Reshape', 'ReLU', 'Conv2DTranspose', 'Cropping2D']
    >>> decoder.output_shape
    (None, 7, 7, 1)

    Reference:

    - [Hinton and Salakhutdinov,
      2006](https://www.cs.toronto.edu/~hinton/absps/science_som.pdf)
    """
    require_model("encoder", encoder)
    read_by(
        keras.activations.get, "activation", activation, "an activation or None"
    )
    chain = chain_of(encoder, "Pass a `decoder` of your own.")
    return mirror_of(chain, input_shape_of(encoder, input_shape), activation)


def mirror_of(chain, shape, activation=None):
    """Returns `mirrored_decoder` of a chain of layers.

    Args:
        chain: List of built layers.
        shape: The shape of their input, without the batch.
        activation: As for `mirrored_decoder`.
    """
    shapes = shapes_along(chain, shape)
    if any(None in one for one in shapes):
        raise bad_value(
            "input_shape",
            shape,
            "of known sizes, so that the decoder can come back to them",
            "Pass `input_shape`, or an `Input` with sizes to the encoder.",
        )
    made, last = [], True
    # The code itself has its activation already; the input never had one.
    pending = []
    for at in reversed(range(len(chain))):
        layer, before, behind = chain[at], shapes[at], shapes[at + 1]
        if isinstance(layer, DROPPED):
            continue
        pending = [*repeated(layer), *pending] if not last else []
        if isinstance(layer, REPEATED):
            continue
        made += [*pending, *mirrored(layer, before, behind)]
        pending, last = [], False
    if activation is not None:
        made.append(keras.layers.Activation(activation))
    return keras.Sequential([keras.Input(shapes[-1]), *made])

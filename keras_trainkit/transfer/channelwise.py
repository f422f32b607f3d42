"""What treats all channels of an image alike, so that their number may vary."""

import keras

from keras_trainkit.backend.model.keras_kinds import is_keras_operation

# All with values in the range of those that come in.
_LAYERS = {
    keras.layers.InputLayer,
    keras.layers.Identity,
    keras.layers.Resizing,
    keras.layers.CenterCrop,
    keras.layers.Cropping1D,
    keras.layers.Cropping2D,
    keras.layers.Cropping3D,
    keras.layers.ZeroPadding1D,
    keras.layers.ZeroPadding2D,
    keras.layers.ZeroPadding3D,
    keras.layers.UpSampling1D,
    keras.layers.UpSampling2D,
    keras.layers.UpSampling3D,
    keras.layers.AveragePooling1D,
    keras.layers.AveragePooling2D,
    keras.layers.AveragePooling3D,
    keras.layers.MaxPooling1D,
    keras.layers.MaxPooling2D,
    keras.layers.MaxPooling3D,
    keras.layers.Dropout,
    keras.layers.GaussianDropout,
    keras.layers.GaussianNoise,
    keras.layers.SpatialDropout1D,
    keras.layers.SpatialDropout2D,
    keras.layers.SpatialDropout3D,
    keras.layers.RandomBrightness,
    keras.layers.RandomContrast,
    keras.layers.RandomCrop,
    keras.layers.RandomElasticTransform,
    keras.layers.RandomFlip,
    keras.layers.RandomGaussianBlur,
    keras.layers.RandomInvert,
    keras.layers.RandomPerspective,
    keras.layers.RandomPosterization,
    keras.layers.RandomRotation,
    keras.layers.RandomShear,
    keras.layers.RandomTranslation,
    keras.layers.RandomZoom,
}
_SCALING = {keras.layers.Normalization, keras.layers.Rescaling}
_ARITHMETIC = {
    "Abs",
    "Absolute",
    "Add",
    "Cast",
    "Clip",
    "Divide",
    "Exp",
    "Log",
    "Log1p",
    "Maximum",
    "Minimum",
    "Multiply",
    "Negative",
    "Power",
    "Round",
    "Sqrt",
    "Square",
    "Subtract",
    "TrueDivide",
}


def keeps_range(operation):
    """Whether what `operation` returns lies in the range of what it gets.

    Args:
        operation: An operation of a graph. Of a class of the user's nothing
            is known.
    """
    return type(operation) in _LAYERS


def is_channelwise(operation):
    """Whether `operation` does to each channel what it does to the others.

    But for constants for each channel, in arithmetic, `Rescaling` and
    `Normalization`.

    Args:
        operation: An operation of a graph.
    """
    if keeps_range(operation) or type(operation) in _SCALING:
        return True
    known = is_keras_operation(operation)
    return known and type(operation).__name__ in _ARITHMETIC

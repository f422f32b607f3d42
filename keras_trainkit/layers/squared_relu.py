"""The square of ReLU, as a layer."""

import keras
from keras import ops

from keras_trainkit.kernels.activations import squared_relu


@keras.saving.register_keras_serializable(package="keras_trainkit")
class SquaredReLU(keras.layers.Layer):
    """The square of ReLU.

    For the feed-forward part of transformers, and wherever many exact zeros
    are wanted: next to the cost of ReLU, with a slope that begins at 0
    instead of a kink. It grows with the square, so use it behind
    normalisation. `keras_trainkit.activations.squared_relu` is the same as a
    function.

    ```
    f(x) = max(x, 0) ** 2
    ```

    Args:
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Tensor of any shape. Integers are cast to the compute dtype,
            as floats are.

    Returns:
        Tensor with the shape of the input, in the layer's compute dtype. In
        float16 it is infinite where the input is 256 or more.

    Example:

    >>> y = ktk.layers.SquaredReLU()(np.array([-2.0, 0.0, 3.0]))
    >>> keras.ops.convert_to_numpy(y).tolist()
    [0.0, 0.0, 9.0]

    Reference:

    - [So et al., 2021](https://arxiv.org/abs/2109.08668)
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True
        # A subclass with a `build` of its own has yet to run it.
        if type(self).build is keras.layers.Layer.build:
            self.built = True

    def call(self, inputs):
        """Rectifies and squares `inputs`."""
        if not keras.backend.is_float_dtype(inputs.dtype):
            # Keras casts floats only (keras/src/layers/layer.py).
            inputs = ops.cast(inputs, self.compute_dtype)
        return squared_relu(inputs)

    def compute_output_shape(self, input_shape):
        """Returns `input_shape`."""
        return input_shape

"""Swish with a trainable beta."""

import math

import keras
from keras import ops

from keras_trainkit.backend.model.graph_nodes import is_in_graph
from keras_trainkit.backend.model.tensors import computed_wide
from keras_trainkit.kernels.activations import swish
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.layers.shared_beta import not_shared
from keras_trainkit.layers.shared_beta import require_shared
from keras_trainkit.layers.shared_beta import sharing_before


@keras.saving.register_keras_serializable(package="keras_trainkit")
class Swish(keras.layers.Layer):
    """Swish whose sharpness is trained with the network.

    The activation of deep networks: smooth, not monotonic, and without units
    that die. Keras's `"swish"` has `beta` 1; here it is a weight, which
    training moves towards ReLU (large) or towards a linear unit (0). Use He's
    initializer for the layer before it.

    ```
    f(x) = x * sigmoid(beta * x)
    ```

    With `shared="model"` each layer takes the number of the layers before it
    in the graph: in a Sequential or functional model, also when it is loaded
    or cloned, and around nested models. Where there is no such graph (a
    subclassed model), or no way from one layer to the other (two branches),
    make one Swish layer and call it in each place. Several layers that do not
    share are an error when the model is called.

    Args:
        beta: Float, the value that `beta` begins with. Defaults to `1.0`.
        trainable: Boolean, whether `beta` is trained, as for any layer: it
            is a frozen weight where it is `False`. Defaults to `True`.
        shared: `"layer"`, one number for all units of the layer; `"channel"`,
            one for each index of `axis`; `"model"`, one for all Swish layers
            of the model that say so. Defaults to `"layer"`.
        axis: Integer, the axis of the channels, where `shared="channel"`.
            Defaults to `-1`; 1 for convolutions with `channels_first`.
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Tensor of any shape. Integers are cast to the compute dtype,
            as floats are.

    Returns:
        Tensor with the shape of the input, in the layer's compute dtype.

    Raises:
        ValueError: If `beta` is not finite, `shared` is unknown, the axis of
            the channels has no fixed size, or the layers of a model with
            `shared="model"` do not share.
        TypeError: If `beta` is not a number or `axis` not an integer.

    Example:

    >>> layer = ktk.layers.Swish(beta=2.0)
    >>> y = layer(np.array([-1.0, 0.0, 1.0]))
    >>> [round(float(value), 3) for value in y]
    [-0.119, 0.0, 0.881]
    >>> model = keras.Sequential([keras.Input((4,))])
    >>> for _ in range(3):
    ...     model.add(keras.layers.Dense(4, kernel_initializer="he_normal"))
    ...     model.add(ktk.layers.Swish(shared="model"))
    >>> len(model.trainable_variables)
    7

    Reference:

    - [Ramachandran et al., 2017](https://arxiv.org/abs/1710.05941)
    """

    def __init__(
        self, beta=1.0, trainable=True, shared="layer", axis=-1, **kwargs
    ):
        require_number("beta", beta, "a finite number", math.isfinite)
        require_choice("trainable", trainable, (True, False))
        require_choice("shared", shared, ("layer", "channel", "model"))
        require_integer("axis", axis)
        super().__init__(trainable=trainable, **kwargs)
        self.initial_beta = float(beta)
        self.shared = shared
        self.axis = int(axis)
        self.beta = None
        self.supports_masking = True
        # So that it can be the `activation` of another layer. A subclass with
        # a `build` of its own has yet to run it.
        if shared == "layer" and type(self).build is Swish.build:
            self.build(None)

    @property
    def shares_beta_of_model(self):
        """Whether its beta is that of all such layers of the model."""
        return self.shared == "model"

    def __call__(self, inputs, *args, **kwargs):
        """Applies the layer, in a graph with the beta of those before it."""
        if self.shares_beta_of_model:
            for other in sharing_before(inputs, self):
                self._share(other)
        return super().__call__(inputs, *args, **kwargs)

    def build(self, input_shape):
        """Makes the weight, unless it is that of another layer."""
        if self.beta is None:
            self.beta = self.add_weight(
                shape=self._shape(input_shape),
                initializer=keras.initializers.Constant(self.initial_beta),
                name="beta",
            )
        if not self.trainable:
            # Shared, it would be trained for the layers that are not frozen.
            self.beta.trainable = False

    def call(self, inputs):
        """Applies Swish to `inputs` (see the class)."""
        if self.shares_beta_of_model:
            require_shared(self)
        if not keras.backend.is_float_dtype(inputs.dtype):
            # Keras casts floats only (keras/src/layers/layer.py).
            inputs = ops.cast(inputs, self.compute_dtype)
        beta = ops.convert_to_tensor(self.beta)
        if self.shared == "channel":
            beta = ops.reshape(beta, self._broadcast(len(inputs.shape)))
        return computed_wide(lambda x: swish(x, beta), inputs)

    def compute_output_shape(self, input_shape):
        """Returns `input_shape`."""
        return input_shape

    def get_build_config(self):
        """Returns the shape to build the layer with, where it needs one."""
        # Loading builds layers before it connects them, so none could share
        # (keras/src/saving/serialization_lib.py); but those that nobody
        # connects, as the activation of another layer, it calls too late.
        if self.shares_beta_of_model and is_in_graph(self):
            return None
        return super().get_build_config()

    def get_config(self):
        """Returns the constructor's arguments."""
        return {
            **super().get_config(),
            "beta": self.initial_beta,
            "shared": self.shared,
            "axis": self.axis,
        }

    def _share(self, other):
        if other.beta is self.beta:
            return
        if self.beta is not None:
            raise not_shared(self, other)
        if other.initial_beta != self.initial_beta:
            raise bad_value(
                "beta",
                self.initial_beta,
                f"that of {other.name!r}, {other.initial_beta!r}, with which "
                "it is shared",
            )
        self.beta = other.beta

    def _shape(self, input_shape):
        if self.shared != "channel":
            return ()
        rank = len(input_shape)
        if not -rank <= self.axis < rank or self.axis % rank == 0:
            raise bad_value(
                "axis",
                self.axis,
                f"an axis of {tuple(input_shape)} but the first",
            )
        size = input_shape[self.axis]
        if size is None:
            raise bad_value(
                "inputs",
                tuple(input_shape),
                f"of a fixed size along axis {self.axis}, along which each "
                "channel has a beta of its own",
            )
        return (size,)

    def _broadcast(self, rank):
        shape = [1] * rank
        shape[self.axis] = -1
        return shape

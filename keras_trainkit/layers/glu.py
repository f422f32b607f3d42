"""Gated linear units."""

import keras
from keras import ops

from keras_trainkit.backend.model.tensors import computed_wide
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.gated_linear import GATES
from keras_trainkit.kernels.gated_linear import gated
from keras_trainkit.kernels.gated_linear import halved


@keras.saving.register_keras_serializable(package="keras_trainkit")
class GLU(keras.layers.Layer):
    """Gated linear unit: one half of the units decides what the other passes.

    For the feed-forward part of transformers, for tabular networks, and behind
    convolutions over sequences. Without `units` it is an activation that
    halves an axis; with `units` it has a dense layer of twice as many of its
    own, so that both halves are one matrix product.

    ```
    without units:  a, b = split(x, 2, axis);               y = a * gate(b)
    with units:     a, b = split(x @ kernel + bias, 2, -1);  y = a * gate(b)
    ```

    With the sigmoid it is `torch.nn.GLU`. The initializer sees the whole
    kernel, of twice as many units.

    Args:
        units: Integer, the units that come out. Defaults to `None`: half of
            those that come in, without weights.
        gate: `"sigmoid"`, `"swish"` (SwiGLU), `"gelu"` (GEGLU), `"relu"`
            (ReGLU) or `"linear"` (bilinear). Defaults to `"sigmoid"`.
        axis: Integer, the axis to halve, not the batch's. Defaults to `-1`,
            which it must be with `units`.
        use_bias: Boolean, whether the dense layer has biases. Defaults to
            `True`.
        kernel_initializer: As for `keras.layers.Dense`. Defaults to
            `"glorot_uniform"`.
        kernel_regularizer: As for `keras.layers.Dense`. Defaults to `None`.
        kernel_constraint: As for `keras.layers.Dense`. Defaults to `None`.
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Float tensor. A mask along the axis that is halved holds where
            both halves are unmasked.

    Returns:
        Tensor with `units`, or half the size, along the axis.

    Raises:
        ValueError: If an argument is out of its range, if the axis is the
            batch's or no axis of the input, or if its size is odd.
        TypeError: If an argument is of the wrong type.

    Example:

    >>> y = ktk.layers.GLU()(np.array([[1.0, 2.0, 0.0, 0.0]]))
    >>> keras.ops.convert_to_numpy(y).tolist()
    [[0.5, 1.0]]
    >>> layer = ktk.layers.GLU(units=16, gate="gelu")
    >>> layer(np.ones((2, 8))).shape == (2, 16), layer.count_params()
    (True, 288)

    Reference:

    - [Dauphin et al., 2017](https://arxiv.org/abs/1612.08083)
    - [Shazeer, 2020](https://arxiv.org/abs/2002.05202)
    """

    def __init__(
        self,
        units=None,
        gate="sigmoid",
        axis=-1,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        kernel_regularizer=None,
        kernel_constraint=None,
        **kwargs,
    ):
        if units is not None:
            require_integer("units", units, 1)
        require_choice("gate", gate, GATES)
        require_integer("axis", axis)
        require_choice("use_bias", use_bias, (True, False))
        if axis == 0:
            raise bad_value("axis", axis, "another axis than the batch's")
        super().__init__(**kwargs)
        self.units = None if units is None else int(units)
        self.gate = gate
        self.axis = int(axis)
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.kernel_constraint = keras.constraints.get(kernel_constraint)
        self.supports_masking = True
        self.dense = None if units is None else self._dense()

    def _dense(self):
        return keras.layers.Dense(
            2 * self.units,
            use_bias=self.use_bias,
            kernel_initializer=self.kernel_initializer,
            kernel_regularizer=self.kernel_regularizer,
            kernel_constraint=self.kernel_constraint,
            dtype=self.dtype_policy,
            name="dense",
        )

    def build(self, input_shape):
        """Checks the axis, and builds the dense layer if there is one."""
        self._require_axis(len(input_shape))
        if self.dense is None:
            halved(input_shape, self.axis)
        else:
            self.dense.build(input_shape)

    def call(self, inputs):
        """Gates `inputs` (see the class)."""
        if not keras.backend.is_float_dtype(inputs.dtype):
            # Keras casts floats only (keras/src/layers/layer.py).
            inputs = ops.cast(inputs, self.compute_dtype)
        if self.dense is not None:
            inputs = self.dense(inputs)
        return computed_wide(lambda x: gated(x, self.gate, self.axis), inputs)

    def compute_mask(self, inputs, previous_mask=None):
        """Returns the mask of the outputs."""
        mask = previous_mask
        if mask is None or self.dense is not None:
            return mask
        axis = self.axis % len(inputs.shape)
        if axis >= len(mask.shape):
            return mask
        return ops.logical_and(*ops.split(mask, 2, axis=axis))

    def compute_output_shape(self, input_shape):
        """Returns the shape with `units`, or half the size, along the axis."""
        self._require_axis(len(input_shape))
        if self.units is None:
            return halved(tuple(input_shape), self.axis)
        return (*input_shape[:-1], self.units)

    def get_config(self):
        """Returns the constructor's arguments."""
        config = {
            **super().get_config(),
            "units": self.units,
            "gate": self.gate,
            "axis": self.axis,
            "use_bias": self.use_bias,
        }
        for name, module in _SERIALIZED.items():
            config[name] = module.serialize(getattr(self, name))
        if self.dense is not None and self._has_own_policy():
            # `Model.quantize` changes the policies of layers without layers.
            policy = keras.dtype_policies.serialize(self.dense.dtype_policy)
            config["dense_dtype"] = policy
        return config

    @classmethod
    def from_config(cls, config):
        """Makes the layer that `get_config` described."""
        config = dict(config)
        policy = config.pop("dense_dtype", None)
        layer = cls(**config)
        if policy is not None:
            layer.dense.dtype_policy = keras.dtype_policies.get(policy)
        return layer

    def _has_own_policy(self):
        return self.dense.dtype_policy != self.dtype_policy

    def _require_axis(self, rank):
        least = 1 - rank
        if not least <= self.axis < rank or rank < 2:
            raise bad_value(
                "axis",
                self.axis,
                f"an axis but the batch's of an input of {rank} axes",
            )
        if self.units is not None and self.axis not in (-1, rank - 1):
            raise bad_value(
                "axis",
                self.axis,
                "-1, the last axis, with `units`",
                "Put keras.layers.Permute around the layer.",
            )


_SERIALIZED = {
    "kernel_initializer": keras.initializers,
    "kernel_regularizer": keras.regularizers,
    "kernel_constraint": keras.constraints,
}


@keras.saving.register_keras_serializable(package="keras_trainkit")
class SwiGLU(GLU):
    """Gated linear unit with Swish as its gate.

    The feed-forward part of today's language models: `SwiGLU(units)` and a
    Dense back to the width of the model, both without biases there. At two
    thirds of the units it has as many weights as a layer with a plain
    activation. It is only a layer, for it halves the units.

    ```
    a, b = split(x @ kernel + bias, 2, -1);  y = a * b * sigmoid(b)
    ```

    Args:
        units: As for `GLU`.
        axis: As for `GLU`.
        **kwargs: The other arguments of `GLU` but `gate`, and base layer
            keyword arguments.

    Returns:
        Tensor with `units`, or half the size, along the axis.

    Raises:
        ValueError: As `GLU` does.
        TypeError: As `GLU` does.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((8,)),
    ...         ktk.layers.SwiGLU(16, use_bias=False),
    ...         keras.layers.Dense(8, use_bias=False),
    ...     ]
    ... )
    >>> [tuple(weight.shape) for weight in model.weights]
    [(8, 32), (16, 8)]

    Reference:

    - [Shazeer, 2020](https://arxiv.org/abs/2002.05202)
    """

    def __init__(self, units=None, axis=-1, **kwargs):
        if "gate" in kwargs:
            raise TypeError(
                "SwiGLU has Swish as its gate. "
                f"Received: gate={kwargs['gate']!r}. Use GLU for another one."
            )
        super().__init__(units, gate="swish", axis=axis, **kwargs)

    def get_config(self):
        """Returns the constructor's arguments."""
        config = super().get_config()
        del config["gate"]
        return config

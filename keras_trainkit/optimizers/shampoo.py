"""Shampoo: a preconditioner for each axis of a weight."""

import keras
from keras import ops

from keras_trainkit.backend.optimizer.wide_slots import dense
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.kernels.grafting import AVERAGING
from keras_trainkit.kernels.grafting import KINDS
from keras_trainkit.kernels.grafting import SUMMING
from keras_trainkit.kernels.grafting import familiar_step
from keras_trainkit.kernels.grafting import with_length_of
from keras_trainkit.optimizers.axis_preconditioned import AxisPreconditioned


@keras.saving.register_keras_serializable(package="keras_trainkit")
class Shampoo(AxisPreconditioned):
    """Preconditions the gradient along each axis of a weight.

    Adam divides each element of the gradient by its own size, so it is of
    little help where the slow directions of a loss are combinations of
    weights. For a matrix G of gradients Shampoo keeps two matrices, of the
    size of its rows and of its columns, and multiplies by their inverse roots
    from both sides:

    ```
    L <- beta_2 L + (1 - beta_2) G G',    R <- beta_2 R + (1 - beta_2) G' G
    M <- beta_1 M + (1 - beta_1) G
    P = (L + e)^(-1/4) M (R + e)^(-1/4)
    W <- W - learning_rate * P * ||D|| / ||P||
    ```

    A weight of k axes has k such matrices and their roots of order 2k, a
    bias one; axes of length 1 do not count. M, L and R are divided by
    `1 - beta^t`, as in Adam. D is the step of a familiar optimizer, of which
    only the length is taken ("grafting"): learning rates and their schedules
    are then those of that optimizer.

    It needs fewer, dearer steps: use it where a step's time is in the forward
    and backward pass (large batches), or where Adam hardly gets anywhere.

    Roots are computed inside of the compiled step, by a scaled Newton iteration
    in matrix products, at the first update and at every `root_every`-th one. A
    root whose residual is above 0.1 is not used: the one before stays, or the
    root of the diagonal alone. `root_errors` tells how far off they are.

    All is computed in float32, in float64 for float64 weights, whatever the
    precision of the model.

    Args:
        learning_rate: Float, `keras.optimizers.schedules.LearningRateSchedule`
            or callable. Defaults to 0.001.
        beta_1: Float in [0, 1), how much of the average of gradients stays.
            Defaults to 0.9. `callbacks.OneCycle` cycles it.
        beta_2: Float in (0, 1], how much of the matrices stays, and of the
            squares of `grafting`. At 1 the matrices are sums, as in the paper,
            and `grafting` cannot be `"adam"` or `"rmsprop"`. Defaults to
            0.999.
        epsilon: Float in (0, 0.1], e as a share of the largest Frobenius norm
            of the axis's blocks. It bounds the condition number of what is
            inverted by `1 / epsilon + 1`. Defaults to 1e-6.
        root_every: Integer, the updates from one computation of the roots to
            the next. Defaults to 10. Nearly all the extra time of Shampoo is
            in it.
        block_size: Integer, the largest side of a matrix. A longer axis is cut
            into blocks that are preconditioned each by itself. Defaults to
            128.
        grafting: `"adam"`, `"rmsprop"`, `"adagrad"`, `"sgd"`, or `None`:
            the step is `learning_rate * P`, which nothing bounds until the
            roots know of a gradient; so `None` wants `root_every=1`, or an
            `epsilon` of 1e-3. Defaults to `"adam"`.
        **kwargs: What every `keras.optimizers.Optimizer` takes:
            `weight_decay` (decoupled), `clipnorm`, `use_ema`,
            `gradient_accumulation_steps`, `name`, ...

    Raises:
        TypeError: At construction for arguments of another type.
        ValueError: At construction for arguments out of range.

    Example:

    >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    >>> model.compile(ktk.optimizers.Shampoo(0.01), "mse")
    >>> x, y = np.eye(4), np.ones((4, 1))
    >>> history = model.fit(x, y, epochs=2, verbose=0)
    >>> len(history.history["loss"])
    2

    Reference:

    - [Gupta, Koren and Singer, 2018](https://arxiv.org/abs/1802.09568)
    - [Anil et al., 2020](https://arxiv.org/abs/2002.09018), for grafting and
      blocks
    """

    def __init__(
        self,
        learning_rate=0.001,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-6,
        root_every=10,
        block_size=128,
        grafting="adam",
        **kwargs,
    ):
        if isinstance(learning_rate, (int, float)):
            require_number(
                "learning_rate",
                learning_rate,
                "a finite number of at least 0",
                lambda v: 0 <= v < float("inf"),
            )
        require_number(
            "beta_1", beta_1, "a number in [0, 1)", lambda v: 0 <= v < 1
        )
        require_number(
            "beta_2", beta_2, "a number in (0, 1]", lambda v: 0 < v <= 1
        )
        require_number(
            "epsilon", epsilon, "a number in (0, 0.1]", lambda v: 0 < v <= 0.1
        )
        require_integer("root_every", root_every, 1)
        require_integer("block_size", block_size, 1)
        require_choice("grafting", grafting, KINDS)
        if beta_2 == 1 and grafting in AVERAGING:
            raise bad_value(
                "grafting",
                grafting,
                "'adagrad', 'sgd' or None where beta_2 is 1",
                "It divides by an average of squares, which needs a beta_2 "
                "below 1.",
            )
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.root_every = root_every
        self.block_size = block_size
        self.grafting = grafting

    def build(self, variables):
        """Makes the averages, matrices and roots.

        Args:
            variables: List of `keras.Variable`s.
        """
        if self.built:
            return
        super().build(variables)
        self.momentums = self.slots("momentum", variables)
        if self.grafting in (*AVERAGING, *SUMMING):
            self.squares = self.slots("squares", variables)

    def update_step(self, gradient, variable, learning_rate):
        """Moves one variable.

        Args:
            gradient: Tensor, of the variable's shape.
            variable: The model's variable.
            learning_rate: Float or scalar tensor.
        """
        index = self._get_variable_index(variable)
        momentum = self.momentums[index]
        dtype = momentum.dtype
        gradient = dense(gradient, dtype)
        step = ops.cast(self.iterations, dtype) + 1
        beta_1 = ops.convert_to_tensor(self.beta_1, dtype)
        self.assign(momentum, beta_1 * momentum + (1 - beta_1) * gradient)
        average = momentum / (1 - beta_1**step)
        direction = self.precondition(index, average)
        if self.grafting is not None:
            like = familiar_step(
                self.grafting,
                average,
                self._squared(index, gradient),
                self.share_held(step),
            )
            direction = with_length_of(like, direction)
        moved = ops.cast(learning_rate, dtype) * direction
        self.assign_sub(variable, ops.cast(moved, variable.dtype))

    def get_config(self):
        """Returns what the constructor takes."""
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "root_every": self.root_every,
            "block_size": self.block_size,
            "grafting": self.grafting,
        }

    def _squared(self, index, gradient):
        if self.grafting == "sgd":
            return None
        squares, new = self.squares[index], ops.square(gradient)
        if self.grafting in SUMMING:
            self.assign_add(squares, new)
        else:
            self.collect(squares, new)
        return ops.convert_to_tensor(squares)

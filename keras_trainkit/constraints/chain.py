"""`Chain`: several constraints on one weight."""

import keras

from keras_trainkit.backend.optimizer.averages import project_averages
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value


@keras.saving.register_keras_serializable(package="keras_trainkit")
class Chain(keras.constraints.Constraint):
    """Applies several constraints one after the other.

    Keras takes one constraint for each weight. The projections are applied in
    the order given, each to the result of the one before. Only the last one is
    certain to hold afterwards, so put last what must hold exactly.

    `w <- c_n(... c_2(c_1(w)))`

    Args:
        *constraints: `keras.constraints.Constraint` instances, or names that
            Keras knows, such as `"non_neg"`. At least one.

    Raises:
        TypeError: If one of them is no constraint.
        ValueError: If there is none, or Keras does not know a name.

    Example:

    >>> chain = ktk.constraints.Chain(
    ...     "non_neg", ktk.constraints.IncomingMaxNorm(1.0)
    ... )
    >>> w = chain(keras.ops.array([[3.0], [-7.0], [4.0]]))
    >>> [abs(round(float(v), 4)) for v in keras.ops.ravel(w)]
    [0.6, 0.0, 0.8]
    """

    def __init__(self, *constraints):
        if not constraints:
            raise bad_value(
                "constraints", constraints, "at least one constraint"
            )
        self.constraints = tuple(_constraint(c) for c in constraints)
        project_averages(self)

    def __call__(self, w):
        """Returns what the last constraint makes of `w`.

        Args:
            w: Variable or floating-point tensor.

        Returns:
            A tensor of `w`'s shape and dtype.
        """
        for constraint in self.constraints:
            w = constraint(w)
        return w

    def get_config(self):
        """Returns the serialised constraints, in order."""
        return {
            "constraints": [
                keras.constraints.serialize(c) for c in self.constraints
            ]
        }

    @classmethod
    def from_config(cls, config):
        """Returns the chain that `get_config` described."""
        return cls(
            *(keras.constraints.deserialize(c) for c in config["constraints"])
        )


def _constraint(value):
    if isinstance(value, (str, keras.constraints.Constraint)):
        return keras.constraints.get(value)
    raise bad_type(
        "constraints",
        value,
        "`keras.constraints.Constraint` instances or names of Keras's own",
    )

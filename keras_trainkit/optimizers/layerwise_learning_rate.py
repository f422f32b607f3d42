"""A learning rate of its own for each layer."""

import keras

from keras_trainkit.backend.optimizer.anatomy import built_over
from keras_trainkit.backend.optimizer.anatomy import compute_dtype
from keras_trainkit.backend.optimizer.anatomy import innermost
from keras_trainkit.backend.optimizer.own_rates import OwnRates
from keras_trainkit.backend.optimizer.own_rates import variable_key
from keras_trainkit.backend.optimizer.wrapper import OptimizerWrapper
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import read_by
from keras_trainkit.optimizers.multiplier_rules import path_of
from keras_trainkit.optimizers.multiplier_rules import rule_of

_INNER = "a Keras optimizer, its name or its config"


@keras.saving.register_keras_serializable(package="keras_trainkit")
class LayerwiseLearningRate(OptimizerWrapper):
    """Gives each variable a multiple of one learning rate.

    Layers near the input of a pretrained network hold what serves every task
    and should move less than its head. Keras's optimizers have one rate for
    all, and `MultiOptimizer` has none that a callback could set. This wraps
    any optimizer, as `LossScaleOptimizer` does: variable v is updated as by
    the inner optimizer with the learning rate

        learning_rate * multiplier(v)

    and so is its decoupled weight decay. `learning_rate` is the inner
    optimizer's, so that `callbacks.OneCycle`, Keras's `LearningRateScheduler`
    and `ReduceLROnPlateau`, schedules and the learning-rate search act on all
    layers in proportion. A variable with multiplier 0 is treated as if it
    were frozen: neither gradient, decay, momentum nor constraint moves it, and
    clipping by the global norm leaves its gradient out.

    With mixed precision, `compile` puts its `LossScaleOptimizer` outside.

    Args:
        inner_optimizer: `keras.optimizers.Optimizer` instance, its name, or
            its config, with a single learning rate.
        multipliers: Which variable moves at which multiple of the learning
            rate, finite floats of at least 0. One of

            - A dictionary of shell patterns (`fnmatch`) on `variable.path` to
              floats, such as `{"*stem*": 0.0, "*mid*": 0.5}`. Where several
              match, the last one counts; a variable that none matches has 1.
            - A callable `variable -> float`. To be saved it has to be
              registered (`keras.saving.register_keras_serializable`).
            - What `optimizers.multipliers`, `optimizers.layer_decay` and
              `optimizers.spread` return for a model.
        name: String. Defaults to `None`: Keras makes one.

    Raises:
        TypeError: At construction for arguments of another type.
        ValueError: At construction for multipliers out of range, a
            `LossScaleOptimizer` (it belongs outside: inside, the loss would be
            scaled twice), a `MultiOptimizer` or another
            `LayerwiseLearningRate` inside. When it is built, for a pattern
            that decides for no variable, multipliers made for another model,
            and where every multiplier is 0.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((4,)),
    ...         keras.layers.Dense(3, name="reused"),
    ...         keras.layers.Dense(1, name="head"),
    ...     ]
    ... )
    >>> optimizer = ktk.optimizers.LayerwiseLearningRate(
    ...     keras.optimizers.Adam(1e-3), {"*reused*": 0.1}
    ... )
    >>> model.compile(optimizer, "mse")
    >>> history = model.fit(np.ones((8, 4)), np.ones((8, 1)), verbose=0)
    >>> optimizer.multiplier_of(model.get_layer("reused").kernel)
    0.1

    Reference:

    - [Howard and Ruder, 2018](https://arxiv.org/abs/1801.06146)
    """

    def __init__(self, inner_optimizer, multipliers, name=None):
        if inner_optimizer is None:
            raise bad_type("inner_optimizer", None, _INNER)
        get = keras.optimizers.get
        inner = read_by(get, "inner_optimizer", inner_optimizer, _INNER)
        _check_inner(inner)
        rule = rule_of(multipliers)
        super().__init__(inner, name=name)
        self._rule = rule
        self._rates = None
        if inner.built:
            self.build(built_over(inner))

    @property
    def multipliers(self):
        """As they were given; another `compile` changes them."""
        return self._rule.given

    @multipliers.setter
    def multipliers(self, multipliers):
        raise AttributeError(
            "Expected the multipliers to stay as they were at construction, "
            "since a compiled step keeps them. Compile the model with another "
            "LayerwiseLearningRate."
        )

    def multiplier_of(self, variable):
        """Returns the multiple of the learning rate of a variable, a float."""
        return self._rule.multiplier_of(variable)

    def around(self, inner_optimizer):
        """Returns one with the same multipliers around another optimizer."""
        return type(self)(inner_optimizer, self._rule, self.name)

    def for_copies(self, inner_optimizer, copies):
        """Returns one with the same multipliers for the copies of variables.

        Args:
            inner_optimizer: The optimizer that updates the copies.
            copies: `{id(variable): (variable, its copy)}`.
        """
        rule = self._rule.for_copies(copies)
        return type(self)(inner_optimizer, rule, self.name)

    def know(self, variables):
        """Finds the multipliers of all weights of a model.

        Args:
            variables: List of `keras.Variable`s, in the model's order.
        """
        self._rule.learn(variables)

    def build(self, variables):
        """Builds the inner optimizer over the variables that train.

        Args:
            variables: List of `keras.Variable`s.
        """
        self._rule.learn_new(variables)
        values = [self.multiplier_of(variable) for variable in variables]
        if variables and not any(values):
            raise bad_value(
                "multipliers",
                self.multipliers,
                "such that one of the variables that train has a multiplier "
                "above 0",
                f"They are {[path_of(variable) for variable in variables]}.",
            )
        super().build(variables)
        inner = self.inner_optimizer
        multipliers = {
            variable_key(inner, variable): value
            for variable, value in zip(variables, values, strict=True)
        }
        self._rates = OwnRates(multipliers, compute_dtype(inner))

    def apply(self, grads, trainable_variables=None):
        """Updates each variable at its own learning rate.

        Args:
            grads: List of gradients.
            trainable_variables: List of the variables they are of. Defaults
                to `None`: those that the optimizer was built over.
        """
        if not len(grads) or (trainable_variables is None and not self.built):
            return self.inner_optimizer.apply(grads)
        if trainable_variables is None:
            trainable_variables = self.trainables()
        trainable_variables = list(trainable_variables)
        if len(grads) != len(trainable_variables):
            raise bad_value(
                "grads",
                f"{len(grads)} gradients",
                f"one for each of {len(trainable_variables)} variables",
            )
        self.build_if_needed(trainable_variables)
        pairs = zip(grads, trainable_variables, strict=True)
        moved = [pair for pair in pairs if self.multiplier_of(pair[1])]
        if not moved:
            return self.count_batch()
        with self._rates.act(self.inner_optimizer):
            self.inner_optimizer.apply(*zip(*moved, strict=True))

    def get_config(self):
        """Returns the inner optimizer's config and the multipliers."""
        serialize = keras.saving.serialize_keras_object
        return {
            "name": self.name,
            "inner_optimizer": serialize(self.inner_optimizer),
            "multipliers": serialize(self.multipliers),
            "found": self._rule.found(),
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Makes one of what `get_config` has returned."""
        deserialize = keras.saving.deserialize_keras_object
        inner, multipliers = (
            deserialize(config[key], custom_objects=custom_objects)
            for key in ("inner_optimizer", "multipliers")
        )
        rule = rule_of(multipliers)
        rule.expect(config["found"])
        return cls(inner, rule, config["name"])


def _check_inner(optimizer):
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        raise bad_value(
            "inner_optimizer",
            optimizer,
            "an optimizer that does not scale the loss",
            "Put LossScaleOptimizer outside, as `compile` does: inside, the "
            "loss would be scaled twice.",
        )
    if isinstance(optimizer, OptimizerWrapper):
        raise bad_value(
            "inner_optimizer",
            optimizer,
            "an optimizer that is not wrapped yet",
            "Put all multipliers into one LayerwiseLearningRate.",
        )
    innermost(optimizer)

"""An optimizer around another one, as far as Keras can see: the other one."""

import keras

# keras/src/optimizers/base_optimizer.py: what a constructor sets, and what
# the inner optimizer has as well.
_OF_INNER = (
    "_iterations",
    "_learning_rate",
    "weight_decay",
    "clipnorm",
    "global_clipnorm",
    "clipvalue",
    "use_ema",
    "ema_momentum",
    "ema_overwrite_frequency",
    "loss_scale_factor",
    "gradient_accumulation_steps",
)


class OptimizerWrapper(keras.optimizers.Optimizer):
    """Base of optimizers that change how another one updates the weights.

    It has no variables of its own. Settings (`learning_rate`, `momentum`,
    `use_ema`, ...) are read from the inner optimizer and written to it.

    Args:
        inner_optimizer: `keras.optimizers.Optimizer` instance.
        name: String or `None`, in which case Keras makes one.
    """

    def __init__(self, inner_optimizer, name=None):
        super().__init__(learning_rate=0.0, name=name)
        for attribute in _OF_INNER:
            delattr(self, attribute)
        # Those that the constructor has just made.
        self._variables.clear()
        self.inner_optimizer = inner_optimizer
        self.built = inner_optimizer.built

    def __getattr__(self, name):
        if name.startswith("__") or "inner_optimizer" not in vars(self):
            raise AttributeError(
                f"{type(self).__name__!r} has no attribute {name!r}"
            )
        return getattr(self.inner_optimizer, name)

    def __setattr__(self, name, value):
        if self._belongs_to_inner(name):
            setattr(self.inner_optimizer, name, value)
        else:
            super().__setattr__(name, value)

    def _belongs_to_inner(self, name):
        own = vars(self)
        return (
            "inner_optimizer" in own
            and name not in own
            and not hasattr(type(self), name)
            and hasattr(self.inner_optimizer, name)
        )

    def around(self, inner_optimizer):
        """Returns a wrapper of this kind around another optimizer."""
        raise NotImplementedError

    def for_copies(self, inner_optimizer, copies):
        """Returns a wrapper of this kind for a copy of the model.

        Args:
            inner_optimizer: The optimizer of the copy.
            copies: `{id(variable): (variable, its copy)}`.
        """
        raise NotImplementedError

    def know(self, variables):
        """Is told all weights of the model, before those that train.

        Args:
            variables: List of `keras.Variable`s.
        """

    def build(self, variables):
        """Builds the inner optimizer; what trains is remembered here, too."""
        inner = self.inner_optimizer
        if not inner.built:
            inner.build(variables)
        # Not by Keras's own `build`: it would make slots. Nor tracked, as
        # TensorFlow does with lists.
        vars(self)["_trainable_variables"] = list(variables)
        self._trainable_variables_indices.update(
            inner._trainable_variables_indices
        )
        self.built = True

    @property
    def variables(self):
        """Those of the inner optimizer."""
        return self.inner_optimizer.variables

    @property
    def iterations(self):
        """Number of updates, as the inner optimizer counts them."""
        return self.inner_optimizer.iterations

    @property
    def learning_rate(self):
        """The inner optimizer's."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate):
        self.inner_optimizer.learning_rate = learning_rate

    def trainables(self):
        """Returns the variables that this was built over."""
        return list(self._trainable_variables)

    def build_if_needed(self, variables):
        """Builds over `variables` at the first call, as Keras's `apply`."""
        if not self.built:
            with keras.name_scope(self.name):
                self.build(list(variables))

    def count_batch(self):
        """Counts a batch that moves nothing.

        `_iterations`: keras/src/optimizers/base_optimizer.py
        """
        self.inner_optimizer._iterations.assign_add(1)

    def scale_loss(self, loss):
        """Scales the loss by the inner optimizer's `loss_scale_factor`."""
        return self.inner_optimizer.scale_loss(loss)

    def set_weights(self, weights):
        """Sets the weights of the inner optimizer."""
        self.inner_optimizer.set_weights(weights)

    def finalize_variable_values(self, var_list):
        """Does what the inner optimizer does at the end of training."""
        self.inner_optimizer.finalize_variable_values(var_list)

    def exclude_from_weight_decay(self, var_list=None, var_names=None):
        """Passes the exclusions on to the inner optimizer."""
        self.inner_optimizer.exclude_from_weight_decay(var_list, var_names)

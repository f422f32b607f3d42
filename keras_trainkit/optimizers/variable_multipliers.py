"""Multipliers of the weights of one model, told apart by identity."""

import keras

from keras_trainkit.kernels.argument_checks import bad_value


@keras.saving.register_keras_serializable(package="keras_trainkit")
class VariableMultipliers:
    """The multiplier of each weight of a model.

    Variables are told apart by identity, since two nested models may hold
    weights of equal paths. A copy that was saved and loaded finds the weights
    of a model by their order: paths may change when a model is loaded.

    Args:
        entries: List of `(name, shape, trainable, multiplier)`, one for each
            weight in the model's order; see `entry_of`.
        weights: List of these weights. Defaults to `None`: those of a model
            that is yet to come.
    """

    def __init__(self, entries, weights=None):
        self._entries = [tuple(entry) for entry in entries]
        self._known = {}
        if weights is not None:
            self._learn(weights, [entry[-1] for entry in self._entries])

    def __call__(self, variable):
        """Returns the multiplier of one weight."""
        return self.of_weights([variable], False)[0]

    def of_weights(self, variables, complete):
        """Returns the multipliers of several weights.

        Args:
            variables: List of `keras.Variable`s.
            complete: Whether these are all weights, or all that train.

        Raises:
            ValueError: For a weight of another model.
        """
        if complete and not self._known:
            values = self.in_order(variables)
            if values is not None:
                self._learn(variables, values)
        for variable in variables:
            if id(variable) not in self._known:
                raise _unknown(variable)
        return [self._known[id(variable)][0] for variable in variables]

    def in_order(self, variables):
        """Returns the multipliers of all weights, or of all that train.

        Args:
            variables: List of these, in the model's order.

        Returns:
            List of floats; `None` where the order tells nothing, since there
            are others.
        """
        trained = [entry for entry in self._entries if entry[2]]
        looks = [entry_of(variable)[:2] for variable in variables]
        for entries in (self._entries, trained):
            if looks == [(name, tuple(shape)) for name, shape, *_ in entries]:
                return [entry[-1] for entry in entries]
        return None

    def for_copies(self, copies):
        """Returns the same multipliers for the copies of these weights.

        Args:
            copies: `{id(variable): (variable, its copy)}`.
        """
        weights = [copies[one][1] for one in self._known if one in copies]
        complete = len(weights) == len(self._entries)
        return VariableMultipliers(self._entries, weights if complete else None)

    def get_config(self):
        """Returns what the weights look like now, and their multipliers."""
        entries = self._entries
        if self._known:
            known = self._known.values()
            entries = [entry_of(variable, value) for value, variable in known]
        return {"entries": [list(entry) for entry in entries]}

    @classmethod
    def from_config(cls, config):
        """Makes the multipliers of a model that is being loaded."""
        return cls(config["entries"])

    def __repr__(self):
        """What differs from 1."""
        named = {name: v for name, *_, v in self._entries if v != 1}
        return f"VariableMultipliers({named})"

    def _learn(self, variables, values):
        # Each is kept alive, so that its id stays its own.
        for variable, value in zip(variables, values, strict=True):
            self._known[id(variable)] = (value, variable)


def entry_of(variable, multiplier=1.0):
    """Returns what a weight is found by in a loaded model, and its multiplier.

    Its name, not its path: the path of a loaded weight may be shorter.
    """
    shape = tuple(variable.shape)
    return variable.name, shape, bool(variable.trainable), float(multiplier)


def of_layers(tree, chosen):
    """Returns multipliers that are given layer by layer.

    Args:
        tree: The model's `LayerTree`.
        chosen: List of `(weights, multiplier)`; the last that names a weight
            counts, and what none names has 1.
    """
    values = {}
    for weights, multiplier in chosen:
        values.update({id(weight): multiplier for weight in weights})
    entries = [entry_of(w, values.get(id(w), 1.0)) for w in tree.weights]
    return VariableMultipliers(entries, tree.weights)


def _unknown(variable):
    return bad_value(
        "multipliers",
        variable.path,
        "made for the model whose weights the optimizer updates",
        "Call `optimizers.multipliers`, `layer_decay` or `spread` on this "
        "model; a copy of it has weights of its own.",
    )

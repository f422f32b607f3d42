"""Multipliers of the weights of one model, told apart by identity."""

import re

import keras

from keras_trainkit.kernels.argument_checks import bad_value


@keras.saving.register_keras_serializable(package="keras_trainkit")
class VariableMultipliers:
    """The multiplier of each weight of a model.

    Variables are told apart by identity, since two nested models may hold
    weights of equal paths. A copy that was saved and loaded finds the weights
    of a model by their order, and by as much of their paths as stays when a
    model is loaded.

    Args:
        entries: List of `(path, shape, trainable, multiplier)`, one for each
            weight in the model's order; see `entry_of`.
        weights: List of these weights. Defaults to `None`: those of a model
            that is yet to come.
    """

    def __init__(self, entries, weights=None):
        self._entries = [tuple(entry) for entry in entries]
        self._known = {}
        self._loaded = weights is None
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
        unknown = any(id(one) not in self._known for one in variables)
        if complete and self._loaded and unknown:
            values = self.in_order(variables, numbered=False)
            if values is not None:
                self._learn(variables, values)
        for variable in variables:
            if id(variable) not in self._known:
                raise _unknown(variable)
        return [self._known[id(variable)][0] for variable in variables]

    def in_order(self, variables, numbered=True):
        """Returns the multipliers of all weights, or of all that train.

        Args:
            variables: List of these, in the model's order.
            numbered: Whether numbers behind names count. A subclassed model
                that is loaded may have others: Keras's own, from a counter.

        Returns:
            List of floats; `None` where these are other weights.
        """
        trained = [entry for entry in self._entries if entry[2]]
        looks = [entry_of(variable) for variable in variables]
        for entries in (self._entries, trained):
            if len(entries) == len(looks) and all(
                _alike(*pair, numbered)
                for pair in zip(entries, looks, strict=True)
            ):
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
        # Of a model that was loaded only what trains may be known yet.
        if len(self._known) == len(entries):
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
        pairs = zip(variables, values, strict=True)
        known = {id(one): (value, one) for one, value in pairs}
        # In the order of the latest: all weights come after those that train.
        self._known = known | {
            k: v for k, v in self._known.items() if k not in known
        }


def entry_of(variable, multiplier=1.0):
    """Returns what a loaded weight is found by, and its multiplier."""
    # A backend's own variable has a name alone.
    path = getattr(variable, "path", None) or variable.name
    shape = tuple(variable.shape)
    trainable = bool(getattr(variable, "trainable", True))
    return path, shape, trainable, float(multiplier)


def _alike(one, other, numbered):
    if tuple(one[1]) != other[1]:
        return False
    paths = [entry[0] for entry in (one, other)]
    if not numbered:
        paths = [re.sub(r"_\d+(?=/|$)", "", path) for path in paths]
    # A Sequential's own name is in the paths until it is loaded.
    short, long = sorted(paths, key=len)
    return f"/{long}".endswith(f"/{short}")


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

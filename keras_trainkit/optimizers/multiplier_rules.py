"""From what a user writes to the multiplier of each variable."""

import fnmatch

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.optimizers.variable_multipliers import VariableMultipliers
from keras_trainkit.optimizers.variable_multipliers import entry_of

_EXPECTED = (
    "a dictionary {shell pattern: float}, a callable `variable -> float`, or "
    "what `optimizers.multipliers`, `layer_decay` and `spread` return"
)


def rule_of(multipliers):
    """Returns the rule for multipliers as a user gives them, or the rule."""
    if isinstance(multipliers, MultiplierRule):
        return multipliers
    if isinstance(multipliers, VariableMultipliers):
        return MultiplierRule(multipliers, multipliers.of_weights)
    if isinstance(multipliers, dict):
        multipliers = dict(multipliers)
        return MultiplierRule(multipliers, _of_patterns(multipliers))
    if callable(multipliers) and not isinstance(multipliers, type):
        return MultiplierRule(multipliers, _of_callable(multipliers))
    raise bad_type("multipliers", multipliers, _EXPECTED)


def require_multiplier(name, value):
    """Raises where `value` is no multiplier."""
    require_number(
        name, value, "a finite number of at least 0", lambda v: 0 <= v < _INF
    )


def path_of(variable):
    """Returns the path of a Keras variable; a backend's own has a name."""
    return getattr(variable, "path", None) or variable.name


class MultiplierRule:
    """The multipliers of the variables seen so far.

    Args:
        given: What the user gave.
        values_of: Called with a list of variables, and whether they are all
            there are, to return their multipliers.
    """

    def __init__(self, given, values_of):
        self.given = given
        self._values_of = values_of
        self._known = {}
        self._saved = None

    def expect(self, entries):
        """Is told what was found for a model that has been saved.

        Args:
            entries: What `found` has returned, or `None`.
        """
        self._saved = VariableMultipliers(entries) if entries else None

    def found(self):
        """Returns the multipliers of the variables seen, for saving."""
        known = self._known.values()
        found = [entry_of(variable, value) for value, variable in known]
        # Of a model that was loaded only what trains may be known yet.
        saved = self._saved.get_config()["entries"] if self._saved else []
        return [list(one) for one in max(found, saved, key=len)]

    def learn(self, variables):
        """Finds the multipliers of a model's weights.

        Args:
            variables: List of all that the rule should be about.

        Raises:
            ValueError: When a part of the rule decides for none of them.
        """
        variables = list(variables)
        values = None
        # What knows the weights itself knows more than a file.
        if self._saved and not isinstance(self.given, VariableMultipliers):
            values = self._saved.in_order(variables)
        if values is None:
            values = self._values_of(variables, True)
        # The variables are kept alive, so that their ids stay their own.
        pairs = zip(variables, values, strict=True)
        known = {id(one): (float(value), one) for one, value in pairs}
        # In the order of the latest: all weights come after those that train.
        self._known = known | {
            k: v for k, v in self._known.items() if k not in known
        }

    def for_copies(self, copies):
        """Returns a rule that knows the copies of what this one knows.

        Args:
            copies: `{id(variable): (variable, its copy)}`.
        """
        given = self.given
        if isinstance(given, VariableMultipliers):
            given = given.for_copies(copies)
        rule = rule_of(given)
        rule.remember(
            (copies[one][1], value)
            for one, (value, _) in self._known.items()
            if one in copies
        )
        return rule

    def remember(self, pairs):
        """Is told multipliers.

        Args:
            pairs: Tuples `(variable, multiplier)`.
        """
        # The variable is kept alive, so that its id stays its own.
        self._known.update(
            (id(variable), (value, variable)) for variable, value in pairs
        )

    def learn_new(self, variables):
        """Does so unless all of them are known."""
        if any(id(variable) not in self._known for variable in variables):
            self.learn(variables)

    def multiplier_of(self, variable):
        """Returns the multiplier of a variable, seen or not."""
        if id(variable) in self._known:
            return self._known[id(variable)][0]
        return float(self._values_of([variable], False)[0])


def _of_patterns(multipliers):
    for pattern, value in multipliers.items():
        if not isinstance(pattern, str):
            raise bad_type(
                "multipliers",
                multipliers,
                _EXPECTED,
                "Selections of layers need the model: "
                "`optimizers.multipliers(model, {selection: float})`.",
            )
        require_multiplier(f"multipliers[{pattern!r}]", value)

    def values_of(variables, complete):
        paths = [path_of(variable) for variable in variables]
        decides = [_last_match(multipliers, path) for path in paths]
        if complete:
            _require_all_used(multipliers, paths, decides)
        return [multipliers.get(pattern, 1.0) for pattern in decides]

    return values_of


def _last_match(patterns, path):
    matching = [p for p in patterns if fnmatch.fnmatchcase(path, p)]
    return matching[-1] if matching else None


def _require_all_used(multipliers, paths, decides):
    idle = [pattern for pattern in multipliers if pattern not in decides]
    if not idle:
        return
    raise bad_value(
        "multipliers",
        multipliers,
        "such that every pattern decides for a variable",
        f"{idle} decide for none; where several patterns match, the last one "
        f"counts. The paths are {paths}. For a model with frozen layers use "
        "`optimizers.multipliers(model, {selection: float})`.",
    )


def _of_callable(function):
    def values_of(variables, complete):
        del complete
        values = [function(variable) for variable in variables]
        for variable, value in zip(variables, values, strict=True):
            value = _plain(value)
            require_multiplier(f"multipliers({path_of(variable)!r})", value)
        return values

    return values_of


def _plain(value):
    return value.item() if hasattr(value, "item") else value


_INF = float("inf")

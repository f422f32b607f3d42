"""What a search for the depth chooses from."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Configuration:
    """One choice of what to do with the groups below the head.

    Attributes:
        reuse: How many groups, from the stem on, keep their weights.
        freeze: How many of these, from the stem on, do not train.
        above: What becomes of the groups between these and the head:
            `"replace"`, `"drop"`, or `None` where there are none.
        rate_factor: What the learning rate of the reused groups that train is
            multiplied by, or `None` where there are none.
    """

    reuse: int
    freeze: int
    above: str | None
    rate_factor: float | None

    def __str__(self):
        """In words, from the stem to the head."""
        if not self.reuse:
            return "from scratch"
        said = [f"{self.freeze} frozen"] if self.freeze else []
        if self.reuse > self.freeze:
            rate = "" if self.rate_factor == 1 else f" at x{self.rate_factor:g}"
            said.append(f"{self.reuse - self.freeze} trained{rate}")
        if self.above is not None:
            done = {"replace": "replaced", "drop": "dropped"}[self.above]
            said.append(f"rest {done}")
        return ", ".join(said)


SCRATCH = Configuration(0, 0, "replace", None)


class Space:
    """All configurations of a search.

    Args:
        groups: Integer of at least 1, how many groups there are below the
            head.
        above: Tuple of what may become of the groups that are not reused.
        droppable: Set of the numbers of reused groups above which the rest
            can be dropped.
        rate_factors: Tuple of floats.
    """

    def __init__(self, groups, above, droppable, rate_factors):
        self.groups = groups
        self._above = tuple(above)
        self._droppable = frozenset(droppable)
        self._rate_factors = tuple(float(one) for one in rate_factors)

    def all(self):
        """Returns the list of all configurations, the usual ones first."""
        every = [
            Configuration(reuse, freeze, above, factor)
            for reuse in self._reuses()
            for freeze in range(reuse + 1)
            for above in self._choices_above(reuse)
            for factor in self._factors(reuse, freeze)
        ]
        return list(dict.fromkeys([*self.usual(), *every]))

    def settings(self):
        """Returns what it consists of, as one study of it must find it."""
        return {
            "groups": self.groups,
            "above": list(self._above),
            "rate_factors": list(self._rate_factors),
        }

    def usual(self):
        """Returns from scratch, all frozen, and all trained."""
        n = self.groups
        factors = self._factors(n, 0)
        trained = [Configuration(n, 0, None, factor) for factor in factors]
        return [SCRATCH, Configuration(n, n, None, None), *trained]

    def suggested(self, trial):
        """Returns the configuration that an Optuna trial suggests.

        What is chosen from depends on what was chosen before, and so does
        its name: a parameter has one range in a study.
        """
        reuse = self._suggested_reuse(trial)
        freeze = trial.suggest_int(f"freeze of {reuse}", 0, reuse)
        choices = self._choices_above(reuse)
        above = choices[0]
        if len(choices) > 1:
            above = trial.suggest_categorical("above", choices)
        factors = self._factors(reuse, freeze)
        factor = factors[0]
        if len(factors) > 1:
            factor = trial.suggest_categorical("rate_factor", factors)
        return Configuration(reuse, freeze, above, factor)

    def parameters(self, configuration):
        """Returns what makes `suggested` return a configuration."""
        reuse, freeze = configuration.reuse, configuration.freeze
        chosen = {"reuse": reuse, f"freeze of {reuse}": freeze}
        if len(self._choices_above(reuse)) > 1:
            chosen["above"] = configuration.above
        if len(self._factors(reuse, freeze)) > 1:
            chosen["rate_factor"] = configuration.rate_factor
        return chosen

    def _suggested_reuse(self, trial):
        reuses = self._reuses()
        if reuses == list(range(len(reuses))):
            return trial.suggest_int("reuse", 0, len(reuses) - 1)
        return trial.suggest_categorical("reuse", tuple(reuses))

    def _reuses(self):
        # Nothing reused is the comparison, whatever else is asked for.
        return [n for n in range(self.groups + 1) if self._choices_above(n)]

    def _choices_above(self, reuse):
        if reuse == self.groups:
            return (None,)
        if reuse == 0:
            return ("replace",)
        return tuple(
            one
            for one in self._above
            if one != "drop" or reuse in self._droppable
        )

    def _factors(self, reuse, freeze):
        return self._rate_factors if freeze < reuse else (None,)

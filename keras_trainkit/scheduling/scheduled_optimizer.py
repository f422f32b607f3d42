"""The values of curves in one optimizer, for the length of one `apply`.

The learning rate is written to its variable by `apply` itself. Every other
hyperparameter, and a schedule given to `compile`, is an attribute that tracing
would bake in; for the length of one `apply`, and no longer, a number that
computes with the curve's value stands in its place. Between steps the
optimizer therefore looks as its user made it, so saving, configs and
exceptions need no care.
"""

import contextlib

import keras

from keras_trainkit.backend.optimizer import anatomy
from keras_trainkit.backend.optimizer import lent_variable
from keras_trainkit.backend.optimizer.traced_number import TracedNumber
from keras_trainkit.backend.optimizer.traced_number import eager_number
from keras_trainkit.backend.optimizer.traced_number import is_traced
from keras_trainkit.backend.optimizer.traced_number import untraced
from keras_trainkit.backend.training.train_function import traced_by_hand
from keras_trainkit.scheduling.ownership import compiled_inside
from keras_trainkit.scheduling.ownership import set_by_another


class ScheduledOptimizer:
    """Puts the curves' values into an optimizer while it applies gradients.

    Args:
        model: A compiled `keras.Model`, whose innermost optimizer it is.
        claims: `{hyperparameter: Claim}`, read at every `apply`.
        run: The `ScheduledFit`; asked before an `apply` outside of the
            model's own steps, and the guard of the learning rate's variable.
    """

    def __init__(self, model, claims, run):
        self._model = model
        self._claims = claims
        self._run = run
        self._plain = {}
        self._rate = self.base_rate = None
        self._numbers, self._in_step = None, ()
        self.acting = False
        self.applied = 0
        self._attach()

    def hold(self, claim):
        """Notes what a claim's curve stands in for, to be given back."""
        if claim.attribute is not None:
            self._plain[claim.attribute] = getattr(self.inner, claim.attribute)
        elif self._rate is None:
            self._lend_rate()

    def compute(self, claims, numbers):
        """Sets what is computed in the steps to come.

        Args:
            claims: Those whose values every `apply` needs.
            numbers: `StepNumbers` with their origins and their factors.
        """
        self._in_step, self._numbers = claims, numbers

    @contextlib.contextmanager
    def acts(self):
        """What happens inside is our own doing, not that of another writer."""
        before, self.acting = self.acting, True
        try:
            yield
        finally:
            self.acting = before

    def updates(self):
        """Returns the number of updates made; variables must have values."""
        batches = anatomy.batches_seen_so_far(self.inner)
        return batches // anatomy.accumulation_steps(self.inner)

    def traced(self):
        """Whether the optimizer is used in a step that is being compiled."""
        return is_traced(anatomy.batches_seen(self.inner))

    def show(self, updates):
        """Lets readers see the rate of the next update, not the last one."""
        if self._rate is not None and "learning_rate" in self._claims:
            with self.acts():
                self._rate.assign(
                    self._claims["learning_rate"].on_host(updates)
                )

    def set_base(self, rate):
        """Sets the plain learning rate that is given back in the end."""
        if self._rate is not None:
            self.base_rate = rate

    def scale_base(self, scale):
        """Changes the learning rate that is given back in the end.

        Args:
            scale: Called with a plain rate or a compiled schedule, to return
                another one.
        """
        if self._rate is not None:
            self.base_rate = scale(self.base_rate)
            return
        schedule = scale(anatomy.compiled_schedule(self.inner))
        self.inner.learning_rate = schedule
        self._plain[anatomy.learning_rate_attribute(self.inner)] = schedule

    def refuse_foreign_changes(self):
        """Raises when someone else changed what the curves stand in for."""
        if anatomy.innermost(self._model.optimizer) is not self.inner:
            raise set_by_another(self._claims.values(), "model.optimizer")
        rate = anatomy.learning_rate_variable(self.inner)
        changed = [
            name
            for name, plain in self._plain.items()
            if getattr(self.inner, name) != plain
        ]
        if self._rate is not None and rate is not self._rate:
            changed.append("learning_rate")
        if changed:
            name = f"optimizer.{changed[0].lstrip('_')}"
            raise set_by_another(self._claims.values(), name)

    def follow(self, reform):
        """Calls `reform`, which gives the model another optimizer."""
        self.give_back()
        try:
            reform()
        finally:
            self._attach()
        self.show(self._run.counter.updates())

    def give_back(self):
        """Makes the optimizer an ordinary one, with its own learning rate."""
        attributes = vars(self.inner)
        if self._own_apply is None:
            attributes.pop("apply", None)
        else:
            attributes["apply"] = self._own_apply
        if self._rate is not None:
            lent_variable.take_back(self._rate)
            self._rate.assign(self.base_rate)
            self._rate = None

    def _attach(self):
        self.inner = anatomy.innermost(self._model.optimizer)
        attributes = vars(self.inner)
        self._own_apply = attributes.get("apply")
        self._plain_apply = self.inner.apply
        attributes["apply"] = untraced(self._apply, self._model)
        claim = self._claims.get("learning_rate")
        if claim is not None and claim.attribute is None:
            self._lend_rate()

    def _lend_rate(self):
        self._rate = anatomy.learning_rate_variable(self.inner)
        self.base_rate = anatomy.number(self._rate)
        lent_variable.lend(self._rate, self._run)

    def _apply(self, grads, trainable_variables=None):
        if not self.acting and not self._run.admits_apply():
            return self.inner.apply(grads, trainable_variables)
        if self._in_step and self.traced() and traced_by_hand():
            raise compiled_inside(self._claims.values())
        with self.acts():
            self.applied += 1
            values = self._values()
            if "learning_rate" in values:
                rate = values.pop("learning_rate")
                anatomy.assign_number(self._rate, rate)
            vars(self.inner).update(values)
            try:
                return self._plain_apply(grads, trainable_variables)
            finally:
                vars(self.inner).update(self._plain)

    def _values(self):
        """Returns `{attribute: value}`, the rate's variable by its name."""
        if self.traced():
            values = self._traced_values()
        else:
            updates = self.updates()
            values = (self._eager_value(c, updates) for c in self._in_step)
        return {
            claim.attribute or claim.hyperparameter: value
            for claim, value in zip(self._in_step, values, strict=True)
        }

    def _eager_value(self, claim, updates):
        value = claim.on_host(updates)
        if claim.hyperparameter == "learning_rate":
            return value
        dtype = anatomy.compute_dtype(self.inner)
        return eager_number(value, self._plain[claim.attribute], dtype)

    def _traced_values(self):
        if not self._in_step:
            return
        updates = keras.ops.convert_to_tensor(self.inner.iterations)
        dtype = anatomy.compute_dtype(self.inner)
        origins, factors = self._numbers.read()
        for i, claim in enumerate(self._in_step):
            tensor = claim.in_step(updates, origins[i], factors[i], dtype)
            if claim.hyperparameter == "learning_rate":
                yield tensor
            else:
                yield TracedNumber(tensor, self._plain[claim.attribute])

"""Hyperparameters that follow a curve inside the compiled step.

For the optimizer of one running `fit` a `Control` keeps at most one curve
per hyperparameter, times named factors. The learning rate is written to its
variable by the step itself. Every other hyperparameter, and a schedule given
to `compile`, is an attribute that tracing would bake in; for the length of one
step, and no longer, a traced number stands in its place. Between steps the
optimizer therefore looks as its user made it, so saving, configs and
exceptions need no care.
"""

import keras

from keras_trainkit.backend.optimizer import anatomy
from keras_trainkit.backend.optimizer import lent_variable
from keras_trainkit.backend.optimizer.traced_number import EagerNumber
from keras_trainkit.backend.optimizer.traced_number import TracedNumber
from keras_trainkit.backend.optimizer.traced_number import is_traced
from keras_trainkit.backend.optimizer.traced_number import untraced
from keras_trainkit.backend.training.running_fit import RunningFit
from keras_trainkit.scheduling.found_rate import FoundRate
from keras_trainkit.scheduling.ownership import Claim
from keras_trainkit.scheduling.scheduled_functions import ScheduledFunctions

_ATTRIBUTE = "_keras_trainkit_control"


def active_control(model):
    """Returns the control of the `fit` that `model` is in, or `None`."""
    control = model.__dict__.get(_ATTRIBUTE)
    if control is not None and control.over():
        control.settle()
        return None
    return control


def take_control(model):
    """Returns the active control of `model`, installing one if need be."""
    return active_control(model) or Control(model)


class Control:
    """Owns the scheduled hyperparameters of one model during one `fit`."""

    def __init__(self, model):
        self.model = model
        self.claims = {}
        self._plain = {}
        self._rate = None
        self._known_updates = 0
        self._final_updates = None
        self._stepping = False
        self._fit = RunningFit()
        self._attach(anatomy.innermost(model.optimizer))
        anatomy.unshare_averages(self.optimizer)
        model.__dict__[_ATTRIBUTE] = self
        self._functions = ScheduledFunctions(
            model, self.step, self.make_train_function
        )
        model.make_train_function(force=True)

    # Claims, origins and factors.

    def claim(self, owner, hyperparameter, curve):
        """Gives `owner` the say over a hyperparameter and returns the claim.

        Args:
            owner: Name of the callback.
            hyperparameter: `"learning_rate"`, `"weight_decay"`, or
                `"momentum"`, which stands for `momentum` or `beta_1`.
            curve: See `Claim`. A `FoundRate` makes way for another curve.

        Raises:
            ValueError: When another callback has it already, or the optimizer
                does not use it.
        """
        held = self.claims.get(hyperparameter)
        if held is not None and not held.found:
            raise ValueError(
                f"Expected one curve for `{hyperparameter}`. Received: "
                f"{owner} wants it, but {held.owner} has it in this `fit`. "
                "Remove one of the two callbacks."
            )
        if isinstance(curve, FoundRate):
            attribute = curve.attribute
        else:
            attribute = anatomy.attribute_of(
                self.optimizer, hyperparameter, owner
            )
        claim = Claim(owner, hyperparameter, attribute, curve)
        self.claims[hyperparameter] = claim
        if attribute is not None:
            self._plain[attribute] = getattr(self.optimizer, attribute)
        elif self._rate is None:
            self._lend_rate()
        return claim

    def release(self, claims):
        """Ends these claims; after the last one all is as it was."""
        ended = {id(claim) for claim in claims}
        self.claims = {
            name: claim
            for name, claim in self.claims.items()
            if id(claim) not in ended
        }
        if not self.claims:
            self.settle()

    def start(self, claims, batches_before):
        """Sets where the curves of these claims begin.

        Args:
            claims: What `claim` returned to one callback.
            batches_before: How many batches of the run were trained in
                epochs before this one, as `fit` counts them; `None` for curves
                that begin with the optimizer, not with the run.
        """
        origin = 0
        if batches_before is not None:
            origin = self._origin(batches_before)
        for claim in claims:
            claim.origin = origin
            claim.factor_changes = [(self.updates() - origin, claim.factor)]
        self._show()
        self._choose_function()

    def set_factor(self, hyperparameter, name, factor):
        """Multiplies a curve by a named factor from the next step on."""
        claim = self.claims[hyperparameter]
        claim.set_factor(name, factor, self.updates())
        self._show()
        self._choose_function()

    def scale_base(self, factor):
        """Multiplies the learning rate that is given back in the end."""
        if self._rate is not None:
            self.base_rate *= factor
        elif factor != 1:
            anatomy.scale_learning_rate(self.optimizer, factor)
            attribute = self.claims["learning_rate"].attribute
            self._plain[attribute] = getattr(self.optimizer, attribute)

    def updates(self):
        """Returns the number of updates made, as a Python integer.

        Once the control is settled: those made until then.
        """
        if self._final_updates is not None:
            return self._final_updates
        # Between the batches of an epoch JAX keeps the state elsewhere.
        sync = getattr(self.model, "jax_state_sync", None)
        if sync is not None:
            sync()
        if anatomy.has_values(self.optimizer):
            self._known_updates = self._updates_now()
        return self._known_updates

    def last_value(self, hyperparameter):
        """Returns the value that the latest update used."""
        claim = self.claims[hyperparameter]
        return claim.on_host(max(self.updates() - 1, claim.origin))

    # The guard of the learning-rate variable.

    def over(self):
        """Whether `fit` was left without an `on_train_end`."""
        return not self._stepping and not self._fit.alive()

    def refuse_write(self):
        """Raises for a write to the learning rate that is not our own."""
        if not self._stepping and "learning_rate" in self.claims:
            owner = self.claims["learning_rate"].owner
            raise ValueError(
                f"Expected the learning rate to be left to {owner} during "
                "this `fit`. Received: a write to `optimizer.learning_rate` "
                "by someone else, such as LearningRateScheduler or "
                "ReduceLROnPlateau. Remove one of the two."
            )

    def settle(self):
        """Gives everything back; the next step is traced as it was."""
        model = self.model
        if model.__dict__.get(_ATTRIBUTE) is not self:
            return
        del model.__dict__[_ATTRIBUTE]
        self._final_updates = self.updates()
        self._detach()
        if anatomy.has_values(self.optimizer):
            anatomy.unshare_averages(self.optimizer)
        self._fit.forget()
        self._functions.uninstall()

    # The step.

    def make_train_function(self, force=False):
        """Stands before the model's own method while the control is active.

        Every `fit` and `train_on_batch` begins with this call
        (keras/src/trainers/trainer.py), so it notices a run that died.
        """
        if self.over():
            self.settle()
            return self.model.make_train_function(force)
        if force or not self._functions.installed():
            self._functions.forget()
            self._choose_function()
        return None

    def _choose_function(self):
        factors = (
            (claim, claim.factor)
            for claim in self.claims.values()
            if not claim.held
        )
        self._functions.choose(tuple(factors))

    def step(self, function, args):
        """Calls one compiled (or eager) train function under the curves."""
        self.refuse_foreign_changes()
        attributes = self.optimizer.__dict__
        own_apply = attributes.get("apply")
        self._stepping = True
        attributes["apply"] = self._scheduled_apply
        try:
            return function(*args)
        finally:
            self._stepping = False
            if own_apply is None:
                del attributes["apply"]
            else:
                attributes["apply"] = own_apply

    def _apply(self, grads, trainable_variables=None):
        values = self._values()
        attributes = self.optimizer.__dict__
        if "learning_rate" in values:
            rate = values.pop("learning_rate")
            anatomy.assign_number(self._rate, rate)
        for name, value in values.items():
            attributes[name] = value
        try:
            return self._plain_apply(grads, trainable_variables)
        finally:
            attributes.update(self._plain)

    def _updates_now(self):
        batches = anatomy.batches_seen_so_far(self.optimizer)
        return batches // anatomy.accumulation_steps(self.optimizer)

    def _values(self):
        optimizer = self.optimizer
        if is_traced(anatomy.batches_seen(optimizer)):
            return self._traced_values()
        updates = self._updates_now()
        values = {}
        for name, claim in self.claims.items():
            if claim.held:
                continue
            value = claim.on_host(updates)
            if name != "learning_rate":
                value = EagerNumber(value, self._plain[claim.attribute])
            values[claim.attribute or name] = value
        return values

    def _traced_values(self):
        dtype = anatomy.compute_dtype(self.optimizer)
        updates = keras.ops.convert_to_tensor(self.optimizer.iterations)
        values = {}
        for name, claim in self.claims.items():
            if claim.held:
                continue
            tensor = claim.in_step(updates, dtype)
            if name == "learning_rate":
                values[claim.attribute or name] = tensor
            else:
                plain = self._plain[claim.attribute]
                values[claim.attribute] = TracedNumber(tensor, plain)
        return values

    # The optimizer.

    def follow(self, reform):
        """Calls `reform`, which gives the model another optimizer."""
        self._detach()
        try:
            reform()
        finally:
            self._attach(anatomy.innermost(self.model.optimizer))
        self._show()

    def refuse_foreign_changes(self):
        """Raises when someone else changed what this control schedules."""
        optimizer = self.optimizer
        if anatomy.innermost(self.model.optimizer) is not optimizer:
            raise self._foreign("model.optimizer")
        rate = anatomy.learning_rate_variable(optimizer)
        swapped = self._rate is not None and rate is not self._rate
        changed = [
            name
            for name, plain in self._plain.items()
            if getattr(optimizer, name) != plain
        ]
        if swapped:
            changed.append("learning_rate")
        if changed:
            raise self._foreign(f"optimizer.{changed[0].lstrip('_')}")

    def _foreign(self, name):
        owners = sorted({c.owner for c in self.claims.values()})
        return ValueError(
            "Expected the scheduled hyperparameters to be left to "
            f"{', '.join(owners)} during this `fit`. Received: another "
            f"`{name}` set by someone else. Remove one of the two."
        )

    def _attach(self, optimizer):
        self.optimizer = optimizer
        self._plain_apply = optimizer.apply
        self._scheduled_apply = untraced(self._apply, self.model)
        claim = self.claims.get("learning_rate")
        if claim is not None and claim.attribute is None:
            self._lend_rate()

    def _lend_rate(self):
        self._rate = anatomy.learning_rate_variable(self.optimizer)
        self.base_rate = anatomy.number(self._rate)
        lent_variable.lend(self._rate, self)

    def _detach(self):
        if self._rate is not None:
            lent_variable.take_back(self._rate)
            self._rate.assign(self.base_rate)
            self._rate = None

    def _show(self):
        """Lets readers see the rate of the next update, not the last one."""
        if self._rate is not None and "learning_rate" in self.claims:
            claim = self.claims["learning_rate"]
            self._stepping = True
            try:
                self._rate.assign(claim.on_host(self.updates()))
            finally:
                self._stepping = False

    def _origin(self, batches_before):
        optimizer = self.model.optimizer
        batches = anatomy.batches_seen_so_far(self.optimizer)
        per_update = anatomy.accumulation_steps(self.optimizer)
        skipped = 0 < batches < batches_before
        if skipped and anatomy.skips_updates(optimizer):
            # The counter began with this run and left out skipped batches.
            return 0
        return (batches - batches_before) // per_update

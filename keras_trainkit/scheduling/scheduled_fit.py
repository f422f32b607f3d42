"""One run of `fit`, or of a loop of one's own, under curves.

For the optimizer of one run there is at most one curve per hyperparameter,
times named factors. `ScheduledOptimizer` puts their values into the optimizer,
`ScheduledFunctions` keeps the compiled steps that bake the factors in,
`AppliedUpdates` tells whether the curves acted; here it is said who owns what,
when the run is over, and that everything is given back then.
"""

from keras_trainkit.backend.optimizer import anatomy
from keras_trainkit.backend.training.running_fit import RunningFit
from keras_trainkit.scheduling.active_fit import active_fit
from keras_trainkit.scheduling.active_fit import enter
from keras_trainkit.scheduling.active_fit import leave
from keras_trainkit.scheduling.applied_updates import AppliedUpdates
from keras_trainkit.scheduling.ownership import Claim
from keras_trainkit.scheduling.ownership import second_curve
from keras_trainkit.scheduling.ownership import second_writer
from keras_trainkit.scheduling.scheduled_functions import ScheduledFunctions
from keras_trainkit.scheduling.scheduled_optimizer import ScheduledOptimizer
from keras_trainkit.scheduling.update_counter import UpdateCounter


def join_fit(model):
    """Returns the `ScheduledFit` that `model` is in, a new one if need be."""
    return active_fit(model) or ScheduledFit(model)


class ScheduledFit:
    """One run of a model, and who owns which hyperparameter in it.

    Args:
        model: A compiled `keras.Model`.
    """

    def __init__(self, model):
        self.model = model
        self.claims = {}
        self.running = RunningFit()
        self.applied = AppliedUpdates()
        self.optimizer = ScheduledOptimizer(model, self.claims, self)
        self.counter = UpdateCounter(model, self.optimizer)
        anatomy.unshare_averages(self.optimizer.inner)
        enter(model, self)
        self._functions = ScheduledFunctions(
            model, self.step, self.make_train_function
        )
        self._outdated = False
        self._choose_function()

    # Claims, origins and factors.

    def claim(self, owner, hyperparameter, curve):
        """Makes `owner` the owner of a hyperparameter; returns the claim.

        Args:
            owner: Name of the callback.
            hyperparameter: `"learning_rate"`, `"weight_decay"`, or
                `"momentum"`, which stands for `momentum` or `beta_1`.
            curve: See `Claim`.

        Raises:
            ValueError: When another callback has it already, or the optimizer
                does not use it.
        """
        self._refuse_second(hyperparameter, owner)
        attribute = anatomy.attribute_of(
            self.optimizer.inner, hyperparameter, owner
        )
        return self._hold(Claim(owner, hyperparameter, attribute, curve))

    def claim_found(self, owner, curve):
        """Makes `owner` the owner of the learning rate as it was found.

        Args:
            owner: Name of the callback.
            curve: The plain rate or the compiled schedule as a curve; one
                that is claimed later takes its place.

        Raises:
            ValueError: When another callback has a curve on it already.
        """
        self._refuse_second("learning_rate", owner)
        attribute = anatomy.learning_rate_attribute(self.optimizer.inner)
        return self._hold(
            Claim(owner, "learning_rate", attribute, curve, found=True)
        )

    def release(self, claims):
        """Ends these claims; after the last one all is as it was."""
        ended = {id(claim) for claim in claims}
        for name, claim in list(self.claims.items()):
            if id(claim) in ended:
                del self.claims[name]
        if not self.claims:
            self.settle()
        self._outdated = True

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
            origin = self.counter.origin(batches_before)
        for claim in claims:
            claim.start(origin, self.counter.updates())
        self.optimizer.show(self.counter.updates())
        self._choose_function()

    def set_factor(self, hyperparameter, name, factor):
        """Multiplies a curve by a named factor from the next step on."""
        claim = self.claims[hyperparameter]
        claim.set_factor(name, factor, self.counter.updates())
        self.optimizer.show(self.counter.updates())
        self._choose_function()

    def _refuse_second(self, hyperparameter, owner):
        held = self.claims.get(hyperparameter)
        if held is not None and not held.found:
            raise second_curve(held, owner)

    def _hold(self, claim):
        self.claims[claim.hyperparameter] = claim
        self.optimizer.hold(claim)
        return claim

    def last_value(self, hyperparameter):
        """Returns the value that the latest update used."""
        claim = self.claims[hyperparameter]
        return claim.on_host(max(self.counter.updates() - 1, claim.origin))

    # The end of the run; the guard of the learning rate's variable.

    def over(self):
        """Whether the run was left without an `on_train_end`."""
        return not self.optimizer.acting and not self.running.alive()

    def refuse_write(self):
        """Raises for a write to the learning rate that is not our own."""
        if not self.optimizer.acting and "learning_rate" in self.claims:
            raise second_writer(self.claims["learning_rate"])

    def settle(self):
        """Gives everything back; the next step is traced as it was."""
        if not leave(self.model, self):
            return
        self.counter.stop()
        self.optimizer.give_back()
        if anatomy.has_values(self.optimizer.inner):
            anatomy.unshare_averages(self.optimizer.inner)
        self.running.forget()
        self._functions.uninstall()
        self.optimizer.compute((), None)

    # Steps.

    def make_train_function(self, force=False):
        """Stands before the model's own method while the run goes on.

        Every `fit` and `train_on_batch` begins with this call
        (keras/src/trainers/trainer.py), so it notices a run that died.
        """
        if self.over():
            self.settle()
            return self.model.make_train_function(force)
        if force:
            self._functions.forget()
        elif not self._functions.installed():
            self._functions.renew()
        else:
            return None
        self._choose_function()
        return None

    def follow_model(self):
        """Lets the steps to come fit the model, which has changed."""
        self._functions.renew()
        self._choose_function()

    def follow_train_step(self):
        """Lets them fit a train step that was changed for this run alone."""
        self._functions.renew_scheduled()
        self._choose_function()

    def _choose_function(self):
        """Chooses the step for the claims as they are; returns it."""
        claims = sorted(
            (claim for claim in self.claims.values() if not claim.held),
            key=lambda claim: claim.hyperparameter,
        )
        step = self._functions.choose(claims)
        self.optimizer.compute(claims, step.numbers)
        self._outdated = False
        return step

    def step(self, step, args):
        """Calls one compiled (or eager) train function under the curves."""
        self._require_start()
        self.optimizer.refuse_foreign_changes()
        if self._outdated:
            step = self._choose_function()
        before, acted, finished = self.optimizer.applied, step.acts, False
        try:
            with self.optimizer.acts():
                result = step(args)
            finished = True
        finally:
            step.acts = acted or self.optimizer.applied > before
            self.applied.add_call(step.acts, finished)
        if step.acts and not acted:
            self._functions.keep(step)
        return result

    def admits_apply(self):
        """Whether an `apply` outside of the train function is of this run.

        Raises:
            ValueError: When it is being compiled: the compiled step would go
                on with this run's curves when the run is over.
        """
        if self.over():
            self.settle()
            return False
        self._require_start()
        self.optimizer.refuse_foreign_changes()
        if self.optimizer.traced():
            raise ValueError(
                "Expected a step of a loop of one's own to be eager, or "
                f"`model.train_on_batch`, with {self._owners()}. Received: a "
                "step that is being compiled (`tf.function`, `jax.jit`), which "
                "would keep the curves of this run for good. Take the "
                "decorator off, or call `train_on_batch`."
            )
        self.applied.add_outside()
        return True

    def refuse_unscheduled(self):
        """Raises when the optimizer counted updates that no curve was in."""
        if self.applied.unscheduled(self.counter.batches()):
            raise ValueError(
                f"Expected every update to be made under {self._owners()}. "
                "Received: updates by a step that was compiled before the run "
                "began (`tf.function`, `jax.jit`), so its learning rate and "
                "momentum are not those of the curves. Let the loop be eager, "
                "or call `model.train_on_batch`."
            )

    def _require_start(self):
        waiting = [c.owner for c in self.claims.values() if not c.started]
        if waiting:
            raise ValueError(
                f"Expected `on_epoch_begin` before the first step with "
                f"{waiting[0]}: its curves begin there. Received: a step "
                "before it. Call it in the loop that calls `on_train_begin`."
            )

    def _owners(self):
        owners = {claim.owner for claim in self.claims.values()}
        return " and ".join(sorted(owners)) or "scheduling callbacks"

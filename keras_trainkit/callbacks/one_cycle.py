"""1cycle for learning rate and momentum, inside the compiled step."""

from functools import partial

from keras_trainkit.backend.optimizer import anatomy
from keras_trainkit.callbacks.bases.scheduled_callback import ScheduledCallback
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.curves import one_cycle
from keras_trainkit.kernels.curves.phases import ANNEAL
from keras_trainkit.kernels.curves.phases import piecewise


class OneCycle(ScheduledCallback):
    """Trains with the 1cycle policy: learning rate up and down, momentum back.

    A short run with one large cycle often trains faster than a constant or
    decaying rate: the high rate in the middle regularises, the low momentum
    there keeps it stable, the last steps anneal. Learning rate and momentum
    change at every update, inside the compiled step, on every backend.

    With `T = total_steps` and `p = pct_start`, the rate rises from
    `max_lr / div_factor` at update 0 to `max_lr` at update `p T - 1` while
    the momentum falls from `max_momentum` to `base_momentum`. With
    `three_phase` both go back until update `2 p T - 2`; then the rate falls to
    `max_lr / div_factor / final_div_factor` at update `T - 1` with the
    momentum at its maximum. Values equal those of
    `torch.optim.lr_scheduler.OneCycleLR`. The defaults are those of the paper;
    fastai's form, which ends at `max_lr / 1e5`, is `three_phase=False,
    anneal_strategy="cos", pct_start=0.25, div_factor=25.0,
    final_div_factor=4000.0`.

    `history.history["learning_rate"]` and `["momentum"]` hold the values of
    each epoch's last update. After `fit`, learning rate and momentum are what
    they were before. The next `fit` with this callback starts a new cycle, or
    continues one with `initial_epoch`. The optimizer must have a plain learning
    rate, and no other callback may write it during the `fit`.

    Args:
        max_lr: Float above 0, the peak of the learning rate.
        total_steps: Integer, updates in the cycle. Updates beyond it use the
            final values. Defaults to `None`: epochs times steps of `fit`,
            divided by `gradient_accumulation_steps`.
        pct_start: Float, share of the rise in the cycle; at most 0.5 with
            `three_phase`. Defaults to `0.45`.
        anneal_strategy: `"linear"` or `"cos"`. Defaults to `"linear"`.
        cycle_momentum: `"auto"` cycles `momentum` or `beta_1` where the
            optimizer uses one, `True` raises where it does not, `False`
            does not change it, which in runs of a few hundred updates was
            the better choice. Defaults to `"auto"`.
        base_momentum: Float, momentum at the peak. Defaults to `0.85`.
        max_momentum: Float, momentum at both ends. Defaults to `0.95`.
        div_factor: Float of at least 1. Defaults to `10.0`.
        final_div_factor: Float above 0. Defaults to `1000.0`.
        three_phase: Boolean. Defaults to `True`.

    Raises:
        ValueError: At construction for values that describe no cycle; at the
            start of `fit` when the optimizer has no learning rate or momentum
            to cycle, when its length is unknown or too short for a cycle, or
            when another callback moves the learning rate.
        TypeError: For arguments of another type.

    Example:

    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> model.compile(keras.optimizers.SGD(0.01, momentum=0.9), "mse")
    >>> one_cycle = ktk.callbacks.OneCycle(max_lr=0.1)
    >>> x, y = np.ones((40, 2)), np.ones((40, 1))
    >>> history = model.fit(
    ...     x, y, batch_size=4, epochs=2, verbose=0, callbacks=[one_cycle]
    ... )
    >>> one_cycle.trace()["learning_rate"][[0, 8]].round(6).tolist()
    [0.01, 0.1]
    >>> round(float(model.optimizer.learning_rate), 6)
    0.01

    Reference:

    - [Smith, 2018](https://arxiv.org/abs/1803.09820)
    """

    def __init__(
        self,
        max_lr,
        total_steps=None,
        pct_start=0.45,
        anneal_strategy="linear",
        cycle_momentum="auto",
        base_momentum=0.85,
        max_momentum=0.95,
        div_factor=10.0,
        final_div_factor=1000.0,
        three_phase=True,
    ):
        super().__init__()
        one_cycle.check_arguments(
            max_lr,
            pct_start,
            anneal_strategy,
            div_factor,
            final_div_factor,
            three_phase,
        )
        one_cycle.check_momentum(base_momentum, max_momentum)
        if total_steps is not None:
            one_cycle.check_total_steps(total_steps, three_phase)
        require_choice("cycle_momentum", cycle_momentum, ("auto", True, False))
        self.max_lr = max_lr
        self.total_steps = total_steps
        self.pct_start = pct_start
        self.anneal_strategy = anneal_strategy
        self.cycle_momentum = cycle_momentum
        self.base_momentum = base_momentum
        self.max_momentum = max_momentum
        self.div_factor = div_factor
        self.final_div_factor = final_div_factor
        self.three_phase = three_phase

    @property
    def counts_on_one_update_per_batch(self):
        """Whether the length of the cycle was taken from `fit`."""
        return self.total_steps is None

    def curves(self, optimizer):
        """Returns the curves of learning rate and momentum for this run."""
        steps = self.total_steps or self._steps_of_fit()
        anneal = ANNEAL[self.anneal_strategy]
        rate = one_cycle.learning_rate_phases(
            self.max_lr,
            steps,
            self.pct_start,
            self.div_factor,
            self.final_div_factor,
            self.three_phase,
        )
        curves = {"learning_rate": partial(_curve, rate, anneal)}
        if self._cycles_momentum(optimizer):
            momentum = one_cycle.momentum_phases(
                self.base_momentum,
                self.max_momentum,
                steps,
                self.pct_start,
                self.three_phase,
            )
            curves["momentum"] = partial(_curve, momentum, anneal)
        return curves

    def _steps_of_fit(self):
        steps = self.updates_of_fit("`total_steps`")
        fewest = one_cycle.fewest_steps(self.three_phase)
        if steps < fewest:
            raise ValueError(
                f"Expected a `fit` of at least {fewest} updates for a cycle "
                f"with three_phase={self.three_phase}. Received: a `fit` of "
                f"{steps}. Train for more epochs, in smaller batches, or, if "
                f"this `fit` is a part of the cycle, pass `total_steps`."
            )
        return steps

    def _cycles_momentum(self, optimizer):
        if self.cycle_momentum is False:
            return False
        attribute = anatomy.momentum_attribute(optimizer)
        if attribute is None and self.cycle_momentum is True:
            raise bad_value(
                "cycle_momentum",
                True,
                'False or "auto" with an optimizer that uses neither '
                "`momentum` nor `beta_1`",
                f"The optimizer is {type(optimizer).__name__}; compile it "
                "with momentum, or leave the momentum alone.",
            )
        return attribute is not None


def _curve(phases, anneal, position, xp, dtype):
    return piecewise(position, phases, anneal, xp, dtype)

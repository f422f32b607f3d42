"""The 1cycle learning rate as a schedule for `compile`."""

from functools import partial

import keras

from keras_trainkit.kernels.argument_checks import require_string
from keras_trainkit.kernels.curves import one_cycle
from keras_trainkit.kernels.curves.phases import ANNEAL
from keras_trainkit.kernels.curves.phases import piecewise


@keras.saving.register_keras_serializable(package="keras_trainkit")
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of the 1cycle policy, as a function of the step.

    Use it where an optimizer is compiled with a schedule. It moves only the
    learning rate; `keras_trainkit.callbacks.OneCycle` also cycles the momentum,
    takes the length from `fit`, and counts updates. Like every schedule given
    to `compile`, this one counts batches under `gradient_accumulation_steps`.

    With `T = total_steps` and `p = pct_start`, the rate rises from
    `max_lr / div_factor` at step 0 to `max_lr` at step `p T - 1`. With
    `three_phase` it falls back until step `2 p T - 2` and then to
    `max_lr / div_factor / final_div_factor` at step `T - 1`; without, it
    falls straight to that. After `T - 1` it stays there. The defaults are
    those of the paper; fastai's form, which ends at `max_lr / 1e5`, is
    `three_phase=False, anneal_strategy="cos", pct_start=0.25, div_factor=25.0,
    final_div_factor=4000.0`.

    Args:
        max_lr: Float above 0, the peak.
        total_steps: Integer, batches in the cycle; at least 4 (3 without
            `three_phase`).
        pct_start: Float, share of the rise in the cycle; at most 0.5 with
            `three_phase`. Defaults to `0.45`.
        anneal_strategy: `"linear"` or `"cos"`. Defaults to `"linear"`.
        div_factor: Float of at least 1: the peak over the first rate. Defaults
            to `10.0`.
        final_div_factor: Float above 0: the first rate over the last one.
            Defaults to `1000.0`.
        three_phase: Boolean, whether the rate falls back to the first one
            before it falls to the last. Defaults to `True`.
        name: String, kept in the configuration. Defaults to `"OneCycle"`.

    Raises:
        ValueError: For values that describe no cycle.
        TypeError: For arguments of another type.

    Example:

    >>> schedule = ktk.schedules.OneCycle(0.5, total_steps=100)
    >>> [round(float(schedule(step)), 6) for step in (0, 44, 88, 99)]
    [0.05, 0.5, 0.05, 5e-05]

    Reference:

    - [Smith, 2018](https://arxiv.org/abs/1803.09820)
    """

    def __init__(
        self,
        max_lr,
        total_steps,
        pct_start=0.45,
        anneal_strategy="linear",
        div_factor=10.0,
        final_div_factor=1000.0,
        three_phase=True,
        name="OneCycle",
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
        one_cycle.check_total_steps(total_steps, three_phase)
        require_string("name", name)
        self.max_lr = max_lr
        self.total_steps = total_steps
        self.pct_start = pct_start
        self.anneal_strategy = anneal_strategy
        self.div_factor = div_factor
        self.final_div_factor = final_div_factor
        self.three_phase = three_phase
        self.name = name
        self._curve = partial(
            piecewise,
            phases=one_cycle.learning_rate_phases(
                max_lr,
                total_steps,
                pct_start,
                div_factor,
                final_div_factor,
                three_phase,
            ),
            anneal=ANNEAL[anneal_strategy],
        )

    def __call__(self, step):
        """Returns the learning rate at `step`, an integer or a tensor."""
        step = keras.ops.convert_to_tensor(step)
        return self._curve(step, xp=keras.ops, dtype=keras.config.floatx())

    def get_config(self):
        """Returns the constructor's arguments."""
        return {
            "max_lr": self.max_lr,
            "total_steps": self.total_steps,
            "pct_start": self.pct_start,
            "anneal_strategy": self.anneal_strategy,
            "div_factor": self.div_factor,
            "final_div_factor": self.final_div_factor,
            "three_phase": self.three_phase,
            "name": self.name,
        }

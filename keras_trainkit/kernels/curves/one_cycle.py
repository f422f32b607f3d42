"""The phases of the 1cycle policy, for learning rate and momentum."""

import math

from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.kernels.curves.phases import ANNEAL
from keras_trainkit.kernels.curves.phases import Phase

# A rise of fewer steps passes its peak by more than a fifth of its height.
_FEWEST_SOUND_STEPS = 2


def learning_rate_phases(
    max_lr, total_steps, pct_start, div_factor, final_div_factor, three_phase
):
    """Returns the learning rate's phases.

    The rate goes from `max_lr / div_factor` up to `max_lr`; then, in three
    phases, back to where it began and from there down to
    `max_lr / div_factor / final_div_factor`; in two, straight down to that.
    """
    # A NumPy scalar would bring its own precision.
    max_lr = float(max_lr)
    initial = max_lr / float(div_factor)
    final = initial / float(final_div_factor)
    ends = phase_ends(total_steps, pct_start, three_phase)
    values = (initial, max_lr, initial, final)
    if not three_phase:
        values = (initial, max_lr, final)
    return _chain(ends, values)


def momentum_phases(
    base_momentum, max_momentum, total_steps, pct_start, three_phase
):
    """Returns the momentum's phases: low where the learning rate is high."""
    ends = phase_ends(total_steps, pct_start, three_phase)
    values = (max_momentum, base_momentum, max_momentum, max_momentum)
    if not three_phase:
        values = values[:3]
    return _chain(ends, values)


def phase_ends(total_steps, pct_start, three_phase):
    """Returns the last position of each phase.

    As in `torch.optim.lr_scheduler.OneCycleLR`: `pct_start * total_steps - 1`
    ends the rise, in three phases `2 * pct_start * total_steps - 2` the fall,
    and `total_steps - 1` the cycle. A rise of fewer than two steps would miss
    the peak there (or divide by zero); then the ends are moved to whole
    steps, so that the peak and the end are reached exactly.

    Args:
        total_steps: Integer, number of positions.
        pct_start: Float, share of the rise in the cycle.
        three_phase: Whether the fall mirrors the rise before the last phase.

    Returns:
        Tuple of floats.

    Example:

    >>> from keras_trainkit.kernels.curves.one_cycle import phase_ends
    >>> phase_ends(100, 0.45, True)
    (44.0, 88.0, 99)
    >>> phase_ends(4, 0.45, True)
    (1, 2, 3)
    """
    total_steps, pct_start = int(total_steps), float(pct_start)
    last = total_steps - 1
    rise = pct_start * total_steps - 1
    if three_phase:
        fall = 2 * pct_start * total_steps - 2
        if rise >= _FEWEST_SOUND_STEPS:
            return rise, fall, last
        rise = min(max(1, round(rise)), (last - 1) // 2)
        return rise, 2 * rise, last
    if rise >= _FEWEST_SOUND_STEPS and last - rise >= _FEWEST_SOUND_STEPS:
        return rise, last
    return min(max(1, round(rise)), last - 1), last


def check_arguments(
    max_lr,
    pct_start,
    anneal_strategy,
    div_factor,
    final_div_factor,
    three_phase,
):
    """Raises for arguments that describe no learning-rate cycle."""
    require_choice("three_phase", three_phase, (True, False))
    positive = "a finite number above 0"
    require_number("max_lr", max_lr, positive, lambda v: 0 < v < math.inf)
    if three_phase:
        require_number(
            "pct_start",
            pct_start,
            "a number above 0 and at most 0.5 (with three_phase=True the fall "
            "takes as long as the rise; use three_phase=False for more)",
            lambda v: 0 < v <= 0.5,
        )
    else:
        require_number(
            "pct_start",
            pct_start,
            "a number between 0 and 1, both excluded",
            lambda v: 0 < v < 1,
        )
    require_choice("anneal_strategy", anneal_strategy, tuple(ANNEAL))
    require_number(
        "div_factor",
        div_factor,
        "a finite number of at least 1",
        lambda v: 1 <= v < math.inf,
    )
    require_number(
        "final_div_factor",
        final_div_factor,
        positive,
        lambda v: 0 < v < math.inf,
    )


def check_momentum(base_momentum, max_momentum):
    """Raises unless `0 <= base_momentum <= max_momentum < 1`."""
    share = "a number of at least 0 and below 1"
    require_number("base_momentum", base_momentum, share, lambda v: 0 <= v < 1)
    require_number(
        "max_momentum",
        max_momentum,
        f"{share}, and at least base_momentum={base_momentum}",
        lambda v: base_momentum <= v < 1,
    )


def check_total_steps(total_steps, three_phase):
    """Raises unless so many steps have room for every phase."""
    require_integer("total_steps", total_steps)
    fewest = fewest_steps(three_phase)
    if total_steps < fewest:
        raise bad_value(
            "total_steps",
            total_steps,
            f"at least {fewest} with three_phase={three_phase}",
        )


def fewest_steps(three_phase):
    """Returns how many steps a cycle has at least: one more than phases."""
    return 4 if three_phase else 3


def _chain(ends, values):
    starts = (0, *ends[:-1])
    values = [float(value) for value in values]
    return tuple(
        Phase(*piece)
        for piece in zip(starts, ends, values[:-1], values[1:], strict=True)
    )

"""Checks of what pruning is asked for."""

from keras_trainkit.compression.prunable import STRUCTURES
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.kernels.sparsity.course import cubic


def require_sparsity(name, sparsity, structure):
    """Raises unless a structure can reach a sparsity.

    Args:
        name: The argument that the sparsity came in.
        sparsity: What was received.
        structure: The same; one of `prunable.STRUCTURES`.
    """
    require_choice("structure", structure, STRUCTURES)
    require_number(name, sparsity, "above 0 and below 1", lambda v: 0 < v < 1)
    if structure == "2:4" and sparsity != 0.5:
        raise bad_value(
            name,
            sparsity,
            "0.5 with structure='2:4', which prunes two of four",
            f"Pass {name}=0.5.",
        )


def schedule_of(schedule):
    """Returns a schedule as a callable `progress -> share of the target`.

    Args:
        schedule: `"cubic"` or such a callable.
    """
    if callable(schedule):
        return schedule
    if not isinstance(schedule, str):
        raise bad_type("schedule", schedule, "'cubic' or a callable")
    require_choice("schedule", schedule, ("cubic",))
    return cubic

"""New first values written to a model."""

from keras_trainkit.backend.devices.device_copies import copies
from keras_trainkit.backend.devices.device_copies import write_copies
from keras_trainkit.backend.optimizer.slots import begin_slots_anew


def write_first_values(model, pairs):
    """Assigns values to variables that begin anew.

    A built optimizer forgets what it remembers of them.

    Args:
        model: A built `keras.Model`, compiled or not.
        pairs: List of `(variable, array)`.
    """
    forget = None
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and optimizer.built:
        # It may raise: nothing has been assigned then.
        forget = begin_slots_anew(model, [variable for variable, _ in pairs])
    for variable, values in pairs:
        write_copies(variable, [values] * len(copies(variable)))
    if forget is not None:
        forget()

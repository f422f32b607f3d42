"""What the curves of a training say about what to try next."""

import numpy as np

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.training_curves.falling import falls_too_slowly
from keras_trainkit.kernels.training_curves.falling import is_flat
from keras_trainkit.kernels.training_curves.falling import still_falls
from keras_trainkit.kernels.training_curves.generalization import (
    accuracy_stands_still,
)
from keras_trainkit.kernels.training_curves.generalization import gap
from keras_trainkit.kernels.training_curves.generalization import overfits_from
from keras_trainkit.kernels.training_curves.instability import first_not_finite
from keras_trainkit.kernels.training_curves.instability import is_diverging
from keras_trainkit.kernels.training_curves.instability import oscillates
from keras_trainkit.kernels.training_curves.instability import spikes

SIGNS = {
    "not finite": "The loss is not finite.",
    "diverges": "The loss rises.",
    "flat": "The loss stands where it began.",
    "slow": "The loss falls, but hardly.",
    "still falls": "The loss was still falling at the end.",
    "swings": "The loss swings.",
    "spikes": "Single epochs are far worse than those around them.",
    "accuracy stands still": "The loss falls, but the accuracy does not rise.",
    "overfits": "The validation loss rises while the loss falls.",
    "gap": "The validation loss is far above the loss.",
    "underfits": "The loss ended high, on training and validation data.",
}
_WIDE = 0.5
_LITTLE = 0.3


def curves_of(history):
    """Returns the curves of a `History`, or of a dict, as lists of floats.

    Args:
        history: What `fit` returns, its `history`, or `None`.
    """
    if history is None:
        return {}
    found = getattr(history, "history", history)
    if not isinstance(found, dict):
        raise bad_type("history", history, "a History, or a dict of curves")
    curves = {}
    for name, values in found.items():
        listed = np.asarray(values, "float64")
        if listed.ndim == 1:
            curves[name] = listed.tolist()
    if not curves.get("loss"):
        raise bad_value("history", sorted(found), "with the loss of an epoch")
    return curves


def signs_in(curves):
    """Returns which of `SIGNS` are in some curves.

    Args:
        curves: Dict of lists of floats, with `"loss"`, or an empty one.
    """
    if not curves:
        return []
    loss, held_out = curves["loss"], curves.get("val_loss")
    if first_not_finite(loss) is not None:
        return ["not finite"]
    found = {
        "diverges": is_diverging(loss),
        "flat": is_flat(loss),
        "slow": falls_too_slowly(loss),
        "still falls": still_falls(loss),
        "swings": oscillates(loss),
        "spikes": bool(len(spikes(loss))),
        "accuracy stands still": any(
            accuracy_stands_still(values, loss)
            for name, values in curves.items()
            if name.endswith(("accuracy", "acc")) and name[:4] != "val_"
        ),
    }
    if held_out is not None and first_not_finite(held_out) is None:
        found["overfits"] = overfits_from(loss, held_out) is not None
        found["gap"] = gap(loss, held_out) > _WIDE
    low = loss[-1] < _LITTLE * loss[0]
    ended = not (found["still falls"] or found.get("overfits"))
    found["underfits"] = ended and not low and not found["flat"]
    return [name for name in SIGNS if found.get(name)]

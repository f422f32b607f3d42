"""Layers that a user's own code calls in training mode only."""

from keras_trainkit.backend.model.layers import all_layers

_KNOWN = ("keras.", "keras_trainkit.")


def is_users_own(layer):
    """Whether the class of `layer` is neither Keras's nor of this package."""
    return not f"{type(layer).__module__}.".startswith(_KNOWN)


def modes_that_call(guarded, every, switched):
    """Returns the modes to try so that code under `if training:` is run.

    First the users' layers and models right around those that are guarded run
    in training mode, then all that are around them. Everything else stays in
    inference mode, batch normalisation for one.

    Args:
        guarded: The layers that were not called in inference mode.
        every: All layers of the model, with the model.
        switched: The layers that drop; they need no mode.

    Returns:
        List of dictionaries `{layer: training}`.
    """
    wanted, drop = set(map(id, guarded)), set(map(id, switched))
    others = [one for one in every if id(one) not in drop]
    below = {id(one): set(map(id, all_layers(one))) for one in others}
    around = [
        one for one in others if is_users_own(one) and below[id(one)] & wanted
    ]
    nearest = [one for one in around if _is_nearest(one, around, below, wanted)]
    found = []
    for chosen in (nearest, around):
        ids = set(map(id, chosen))
        modes = {one: id(one) in ids for one in others}
        if chosen and modes not in found:
            found.append(modes)
    return found


def _is_nearest(layer, around, below, wanted):
    """Whether `layer` holds a wanted one that none within it holds."""
    held = below[id(layer)] & wanted
    for one in around:
        if one is not layer and id(one) in below[id(layer)]:
            held = held - below[id(one)]
    return bool(held)

"""The scheduled run that a model is in."""

_ATTRIBUTE = "_keras_trainkit_fit"


def active_fit(model):
    """Returns the `ScheduledFit` that `model` is in, or `None`.

    One that has died is settled first: what it borrowed is given back.
    """
    fit = vars(model).get(_ATTRIBUTE)
    if fit is not None and fit.over():
        fit.settle()
        return None
    return fit


def enter(model, fit):
    """Notes that `model` is in `fit` from now on."""
    # Past `__setattr__`, which would track what the object holds.
    vars(model)[_ATTRIBUTE] = fit


def leave(model, fit):
    """Ends it; returns whether `model` was in it."""
    if vars(model).get(_ATTRIBUTE) is not fit:
        return False
    del vars(model)[_ATTRIBUTE]
    return True

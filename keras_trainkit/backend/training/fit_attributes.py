"""The attributes that `fit` and its callbacks set on a model."""

# keras/src/trainers/trainer.py, keras/src/backend/*/trainer.py and, for
# `_initial_epoch`, keras/src/callbacks/backup_and_restore.py; `train_step` is
# set by `batch_loss.log_each_batch`. `history` is what `fit` returns.
_NAMES = (
    "stop_training",
    "steps_per_execution",
    "train_function",
    "train_step",
    "_initial_epoch",
)
_MISSING = object()


class FitAttributes:
    """A snapshot of these attributes, `history` excepted.

    Args:
        model: A `keras.Model`.
    """

    def __init__(self, model):
        self._model = model
        self._kept = {n: model.__dict__.get(n, _MISSING) for n in _NAMES}

    def restore(self):
        """Puts every attribute back; one that was not there is deleted."""
        # Past `__setattr__`, which would track them.
        attributes = self._model.__dict__
        for name, value in self._kept.items():
            if value is _MISSING:
                attributes.pop(name, None)
            else:
                attributes[name] = value

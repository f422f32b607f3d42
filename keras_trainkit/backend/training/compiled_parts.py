"""What a model trains with besides its layers: optimizers, loss, metrics."""

import copy

import keras


def optimizers_of(model):
    """Returns the optimizers of a model, inner ones too, each once.

    A train step of the model's own may use several: those in its attributes
    are found.
    """
    found = {}
    for optimizer in (getattr(model, "optimizer", None), *vars(model).values()):
        while isinstance(optimizer, keras.optimizers.Optimizer):
            found[id(optimizer)] = optimizer
            optimizer = getattr(optimizer, "inner_optimizer", None)
    return list(found.values())


class UnbuiltParts:
    """Those parts that the next `fit` builds, to be unbuilt again after it.

    To build metrics and loss, `fit` draws a first batch, and with it random
    numbers; so it must find them as it would have found them without a trial
    (keras/src/trainers/trainer.py).

    Args:
        model: A `keras.Model`.
    """

    def __init__(self, model):
        parts = [*optimizers_of(model)]
        parts += [model._compile_metrics, model._compile_loss]
        self._unbuilt = [
            _Attributes(part)
            for part in parts
            if part is not None and not part.built
        ]

    def restore(self):
        """Makes the parts unbuilt again."""
        for attributes in self._unbuilt:
            attributes.restore()


class _Attributes:
    """The attributes of a part that is not built yet.

    The trial builds it, and so fills its lists; it gets copies of them to
    fill. Cleared afterwards they would not be as new: TensorFlow's wrapped
    lists remember that they lost an element, and refuse to be saved.
    """

    def __init__(self, part):
        self._part = part
        self._kept = dict(vars(part))
        copies = {
            id(value): list(value) if isinstance(value, list) else dict(value)
            for value in self._kept.values()
            if isinstance(value, (list, dict))
        }
        trial = {k: copies.get(id(v), v) for k, v in self._kept.items()}
        trial["_tracker"] = _tracker_of(self._kept["_tracker"], copies)
        vars(part).update(trial)

    def restore(self):
        vars(self._part).clear()
        vars(self._part).update(self._kept)


def _tracker_of(tracker, copies):
    """Copies a tracker (keras/src/utils/tracking.py)."""
    new = copy.copy(tracker)
    new.config = {
        name: (test, copies.get(id(store), store))
        for name, (test, store) in tracker.config.items()
    }
    new.stored_ids = {name: set(ids) for name, ids in new.stored_ids.items()}
    return new

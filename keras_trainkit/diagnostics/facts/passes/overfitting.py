"""Whether a copy of a model can learn one small batch by heart."""

import dataclasses
import math

import keras
import numpy as np

from keras_trainkit.backend.model.layers import all_layers
from keras_trainkit.backend.randomness.random_state import RandomState
from keras_trainkit.backend.training.batch_loss import own_methods
from keras_trainkit.backend.training.compile_copies import compile_like
from keras_trainkit.diagnostics.facts.heads import heads
from keras_trainkit.diagnostics.facts.passes.first_pass import small_batch
from keras_trainkit.diagnostics.facts.start import constant_answer
from keras_trainkit.models.copies import LayerCopies
from keras_trainkit.models.kinds import kind_of
from keras_trainkit.probing.forward import forward

_ROWS = 16
# After each part of the training it is looked whether it is enough.
_PARTS, _STEPS = 8, 50
# A batch is repeated within an epoch, for epochs cost; not a large one.
_ELEMENTS = 5_000_000
# Of the loss of the best constant answer: enough to stop, and too much for a
# network that learns, if slowly. A bottleneck or label smoothing leaves some.
_ENOUGH, _TOO_MUCH, _RIGHT = 0.2, 0.7, 0.95
# A loss that is not known need not end at 0, but it falls.
_FALLS = 0.95
_RATE = 0.003


@dataclasses.dataclass(frozen=True)
class Overfitting:
    """How far copies of a model came on one batch.

    Attributes:
        rows: Rows of the batch.
        steps: The most updates that a copy got.
        start: The loss of the best constant answer, or the first loss.
        end: The last loss.
        learnt: Whether the batch was learnt.
        with_adam: The last loss of a copy that Adam trained instead, or
            `None` where that was not tried.
        learnt_with_adam: Whether that one learnt the batch.
    """

    rows: int
    steps: int
    start: float
    end: float
    learnt: bool
    with_adam: float | None = None
    learnt_with_adam: bool = False


def overfitting(subject):
    """Trains copies of a model on one batch, without what holds them back.

    Dropout, noise, regularizers and penalties are taken off the copies. The
    model, its optimizer and the random states are left as they were.

    Args:
        subject: A `Subject` with a first pass.

    Returns:
        An `Overfitting`; `None` for a model without a loss or with a train
        step of its own, and for a batch in which every row has one target or
        rows of equal inputs have unlike ones.

    Raises:
        ValueError: If the model cannot be copied.
    """
    seen = subject.first_pass
    if seen.probe is None or own_methods(subject.given, ["train_step"]):
        return None
    x, y = small_batch(subject.sample, _ROWS)
    outputs = heads(subject)
    guess = constant_answer(outputs[0], y) if len(outputs) == 1 else None
    if guess == 0 or not _distinct(x):
        return None
    random = RandomState()
    try:
        return _tried(subject, x, y, guess)
    finally:
        random.restore()


def _tried(subject, x, y, guess):
    rows = len(keras.tree.flatten(x)[0])
    start, end, learnt = _train(_copy(subject), x, y, rows, guess)
    made = Overfitting(rows, _PARTS * _STEPS, start, end, learnt)
    if learnt:
        return made
    copy = _copy(subject)
    copy.compile(keras.optimizers.Adam(_RATE), copy.loss)
    _, with_adam, learnt = _train(copy, x, y, rows, guess)
    return dataclasses.replace(
        made, with_adam=with_adam, learnt_with_adam=learnt
    )


def _copy(subject):
    copies = LayerCopies()
    copy = copies(subject.model)
    for error in copies.plain.values():
        raise error
    copies.carry_state()
    given = {
        key: (one, copies.variables[id(twin)][1])
        for key, (one, twin) in subject.copies.items()
    }
    compile_like(copy, subject.given, copies.variables | given)
    for layer in all_layers(copy):
        _let_loose(layer)
    return copy


def _let_loose(layer):
    """Takes off a layer what keeps it from learning rows by heart."""
    layer.activity_regularizer = None
    for variable in layer.weights:
        variable.regularizer = None
    names = ("dropout", "recurrent_dropout")
    if kind_of(layer) == "dropout":
        names += ("rate", "stddev")
    for name in names:
        # Those of an LSTM are properties that show its cell's.
        if isinstance(vars(layer).get(name), (int, float)):
            setattr(layer, name, 0.0)


def _train(copy, x, y, rows, guess):
    """Returns the loss to compare with, the last loss, and the verdict.

    Losses are means over steps.
    """
    size = sum(np.asarray(one).size for one in keras.tree.flatten((x, y)))
    times = max(1, min(_STEPS, _ELEMENTS // max(1, size)))
    data = keras.tree.map_structure(
        lambda one: np.concatenate([one] * times), (x, y)
    )
    first = None
    for _ in range(_PARTS):
        losses = copy.fit(
            *data,
            batch_size=rows,
            epochs=math.ceil(_STEPS / times),
            shuffle=False,
            verbose=0,
        ).history["loss"]
        first = losses[0] if first is None else first
        last = losses[-1]
        if not math.isfinite(last):
            break
        if guess is not None and last <= _ENOUGH * guess:
            return guess, last, True
    if guess is None:
        return first, last, bool(last <= _FALLS * first)
    learnt = bool(last <= _TOO_MUCH * guess) or _all_right(copy, x, y)
    return guess, last, learnt


def _all_right(copy, x, y):
    """Whether the classes are right, though smoothing keeps the loss up."""
    outputs = forward(copy, x, training=True).outputs[0]
    labels = np.asarray(keras.tree.flatten(y)[0])
    if outputs.ndim != 2 or outputs.shape[1] < 2:
        return False
    if labels.shape == outputs.shape:
        labels = labels.argmax(axis=1)
    if labels.size != len(outputs) or labels.dtype.kind not in "iu":
        return False
    return bool(np.mean(outputs.argmax(axis=1) == labels.ravel()) >= _RIGHT)


def _distinct(x):
    """Whether no two rows have the same inputs."""
    rows = [
        tuple(one[i].tobytes() for one in keras.tree.flatten(x))
        for i in range(len(keras.tree.flatten(x)[0]))
    ]
    return len(set(rows)) == len(rows)

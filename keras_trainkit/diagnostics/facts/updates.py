"""How many updates a training makes, and how far they carry the weights."""

import dataclasses

import numpy as np

from keras_trainkit.diagnostics.facts.heads import heads

# A schedule is read at so many places.
_POINTS = 60

# The customary learning rates of each optimizer: from where a network mostly
# learns nothing in time, and above where training mostly breaks down. The
# first of the middle two is Keras's default, or what is usual.
RATES = {
    "sgd": (1e-5, 1e-2, 1.5),
    "adam": (1e-6, 1e-3, 0.03),
    "adamw": (1e-6, 1e-3, 0.03),
    "adamax": (1e-6, 1e-3, 0.1),
    "nadam": (1e-6, 1e-3, 0.03),
    "rmsprop": (1e-6, 1e-3, 0.03),
    "adagrad": (1e-5, 1e-2, 1.0),
    "adadelta": (5e-3, 1.0, 10.0),
    "lion": (1e-7, 1e-4, 5e-3),
    "ftrl": (1e-5, 1e-2, 1.0),
    "lamb": (1e-6, 1e-3, 0.03),
    # Whose steps are as long as Adam's.
    "shampoo": (1e-6, 1e-3, 0.03),
}
# Optimizers whose steps are as long as the rate, whatever the gradient.
UNIT_STEPS = (
    "adam",
    "adamw",
    "adamax",
    "nadam",
    "rmsprop",
    "lamb",
    "shampoo",
)

# The sum of the rates of all updates below which small networks have learnt
# next to nothing, measured: for Adam and its kin, and for SGD.
_LEAST = {True: 0.03, False: 1.0}
_ENOUGH = {True: 1.0, False: 30.0}
_FEW_UPDATES = 10
_LARGE = 100_000
# How far a network's output gets while Adam moves each weight by 1: with one
# hidden layer, and with more, of which all grow.
_REACH_OF_ONE = 50
_REACH_OF_DEEP = 200
# Of so few updates no network makes much.
_HANDFUL = 20
# A unit sums over all that it reads, so that wide networks get as far with
# less: measured on eight sets of data, with 8 to 256 units.
_PLAIN_WIDTH = 8
# Deeper ones are slow however wide they are.
_DEEP = 6
# Few rows that no linear map tells apart, such as XOR's, need more.
_FEW_ROWS = 50
_TIMES_OF_FEW = 10
_TOLD_APART = 0.2
# A squared error behind a sigmoid has a gradient of at most half of the
# crossentropy's, shared among the outputs.
_OF_SQUARES = 0.5
# The squared error has larger gradients than a crossentropy: measured.
_SQUARED = 5


@dataclasses.dataclass(frozen=True)
class Updates:
    """The updates of a whole training.

    Attributes:
        count: Integer, all of them.
        steps: Integer, those of an epoch.
        epochs: Integer.
        batch_size: Integer, the rows of a batch.
    """

    count: int
    steps: int
    epochs: int
    batch_size: int


def updates_of(subject):
    """Returns the `Updates`, or `None` where rows or epochs are not known."""
    steps, epochs = subject.steps_per_epoch, subject.epochs
    if not steps or not epochs:
        return None
    sample = subject.sample
    batch_size = (
        sample.batch_size if sample.is_dataset else subject.batch_size or 32
    )
    return Updates(steps * epochs, steps, epochs, batch_size or 32)


def effective_rate(subject):
    """Returns the rate with what momentum and the loss's sum make of it.

    `None` without an optimizer that has one. Of a schedule it is the first.
    """
    compiled = subject.compiled
    if compiled is None or compiled.learning_rate is None:
        return None
    rate = compiled.learning_rate
    return rate * _pace(compiled)


def gentleness(subject):
    """Returns by how much a loss's gradient is smaller than a crossentropy's.

    Args:
        subject: A `Subject`.
    """
    outputs = heads(subject)
    soft = [
        one.loss_name == "mean_squared_error"
        and one.activation in ("sigmoid", "hard_sigmoid")
        and one.loss.reduction != "sum"
        for one in outputs
    ]
    if not soft or not all(soft):
        return 1.0
    return _OF_SQUARES / max(one.units or 1 for one in outputs)


def _pace(compiled):
    if compiled.optimizer_name == "sgd" and 0 <= compiled.momentum < 1:
        return 1 / (1 - compiled.momentum)
    return 1.0


def is_too_low(name, rate):
    """Whether a rate is below the customary ones of an optimizer.

    Args:
        name: The optimizer's, such as `"adam"`.
        rate: Float, as a float32 may hold it.
    """
    return name in RATES and rate < 0.999 * RATES[name][0]


def travel(subject):
    """Returns the sum of the rates of all updates, or `None`.

    For Adam and its kin that is how far a weight can get; for SGD it is the
    time for which the weights flow down the gradient.
    """
    updates, rate = updates_of(subject), effective_rate(subject)
    if updates is None or rate is None:
        return None
    compiled = subject.compiled
    if not compiled.scheduled:
        return updates.count * rate
    # Schedules change most in the beginning.
    spread = np.geomspace(1, updates.count, _POINTS).astype(int)
    places = np.unique(np.concatenate([[0], spread]))
    rates = np.array([compiled.rate_at(int(place)) for place in places])
    wide = np.diff(places)
    between = np.where(wide == 1, rates[:-1], (rates[1:] + rates[:-1]) / 2)
    return float((wide * between).sum()) * _pace(compiled)


def gets_to(subject, size):
    """Whether the updates of the whole training reach targets of a size."""
    moved = travel(subject)
    adaptive = subject.compiled.optimizer_name != "sgd"
    reach = _REACH_OF_DEEP if subject.network.depth > 2 else _REACH_OF_ONE
    return adaptive and moved is not None and size < reach * moved


def shortage(subject):
    """Returns what is short of a training of too few updates.

    Returns:
        A tuple `(Updates, rate, sum of rates that is enough)`, or `None` where
        there are enough, or nobody knows.
    """
    updates, rate = updates_of(subject), effective_rate(subject)
    compiled = subject.compiled
    if updates is None or rate is None:
        return None
    if _was_trained(subject):
        return None
    unit = compiled.optimizer_name in UNIT_STEPS
    moved = travel(subject)
    enough = moved >= least_travel(subject)
    if not unit and compiled.optimizer_name != "sgd":
        enough = updates.count >= 10 * _FEW_UPDATES
    if enough and (updates.count >= _FEW_UPDATES or moved > 1):
        return None
    return updates, rate, _ENOUGH[unit]


def least_travel(subject):
    """Returns the sum of the rates below which next to nothing is learnt."""
    unit = subject.compiled.optimizer_name in UNIT_STEPS
    if _is_a_riddle(subject):
        return _TIMES_OF_FEW * _LEAST[unit]
    large = subject.model.count_params() > _LARGE
    least = _LEAST[unit] / (5 if large else 1)
    least = least / _SQUARED if not unit and _squares(subject) else least
    updates = updates_of(subject)
    if updates is None or updates.count <= _HANDFUL:
        return least
    return min(least, _LEAST[unit] * _PLAIN_WIDTH / _width(subject))


def _was_trained(subject):
    """Whether layers were trained before: those need less."""
    if any(not layer.trainable for layer in subject.given.layers):
        return True
    kernels = [one for one in subject.network.kernels if one.trained_bias]
    return 2 * len(kernels) > len(subject.network.kernels)


def _width(subject):
    """Returns the units of the narrowest hidden layer, `_PLAIN_WIDTH` or more.

    Without a hidden layer, or with many, it is that.
    """
    if subject.network.depth > _DEEP:
        return _PLAIN_WIDTH
    read = [
        one.fan_in for one in subject.network.kernels if one.name == "kernel"
    ]
    return max(min(read[1:], default=0), _PLAIN_WIDTH)


def _is_a_riddle(subject):
    """Whether the rows are few, and no linear map tells them apart.

    What a recurrent layer keeps of a series is no linear map of it.
    """
    if subject.rows is None or subject.rows > _FEW_ROWS:
        return False
    if any(node.kind == "recurrent" for node in subject.network.nodes):
        return True
    sample = subject.sample
    if sample is None or len(sample.x) != 1 or len(sample.y or ()) != 1:
        return True
    x, y = (np.asarray(one) for one in (sample.x[0], sample.y[0]))
    if x.dtype.kind not in "biuf" or y.dtype.kind not in "biuf":
        return True
    x = np.reshape(x, (len(x), -1)).astype("float64")
    y = np.reshape(y, (len(y), -1)).astype("float64")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return True
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    left = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    return float((left**2).sum()) > (1 - _TOLD_APART) * float((y**2).sum())


def _squares(subject):
    network, losses = subject.network, subject.compiled.loss
    ends = {network.final(node).activation for node in network.outputs}
    names = {one and one.name for one in losses}
    return ends == {"linear"} and names == {"mean_squared_error"}

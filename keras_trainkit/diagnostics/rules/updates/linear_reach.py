"""How far the steps of a linear layer can get: the family O."""

import math

import keras
import numpy as np

from keras_trainkit.backend.model.tensors import to_numpy
from keras_trainkit.diagnostics.facts.entrances import entrances
from keras_trainkit.diagnostics.facts.heads import heads
from keras_trainkit.diagnostics.facts.updates import effective_rate
from keras_trainkit.diagnostics.facts.updates import travel
from keras_trainkit.diagnostics.facts.updates import updates_of
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule

# Whose steps are never much longer than the rate.
_BOUNDED = ("adam", "adamw", "adamax", "nadam", "rmsprop")
_LOSSES = ("mean_squared_error", "mean_absolute_error", "huber", "log_cosh")
# The first steps of Adam and its kin are longer than the rate.
_FIRST = 2.0
_TIMES_TEN = (
    "x = np.arange(1.0, 11.0).reshape(10, 1)\n"
    "y = 10 * x[:, 0]\n"
    "epochs, batch_size = {}, 10"
)


@rule(
    "O113",
    name="a linear layer that cannot get there in time",
    topic="epochs",
    severity="warning",
    confidence=0.6,
    needs=("compiled", "graph", "sample"),
    bad=program(
        "Dense(1)",
        loss="mse",
        inputs="(1,)",
        optimizer="keras.optimizers.Adam(0.005)",
        data=_TIMES_TEN.format(100),
    ),
    good=program(
        "Dense(1)",
        loss="mse",
        inputs="(1,)",
        optimizer="keras.optimizers.Adam(0.1)",
        data=_TIMES_TEN.format(1000),
    ),
    reference="https://arxiv.org/abs/1412.6980",
)
def linear_reach(subject):
    """Adam moves a weight by about the learning rate an update, and no more.

    So after all updates no weight of a single layer is further from where it
    began than the sum of the rates, and no output further than that times the
    sizes of the row's inputs. Where even outputs that had all come as far
    would be worse than the targets' mean, the training is too short for the
    rate, whatever the data.
    """
    updates, rate = updates_of(subject), effective_rate(subject)
    if updates is None or not rate:
        return
    if subject.compiled.optimizer_name not in _BOUNDED:
        return
    rows = _rows(subject)
    if rows is None:
        return
    sizes, misses = rows
    moved = travel(subject)
    left = np.maximum(misses - _FIRST * moved * sizes, 0.0)
    if np.mean(left**2) <= heads(subject)[0].targets.deviation ** 2:
        return
    times = 3 * float(np.median(misses / sizes)) / moved
    epochs = math.ceil(times * updates.epochs / 10) * 10
    fix = f"learning_rate={10 * rate:g}, or epochs={epochs}"
    yield found(
        heads(subject)[0].where,
        f"{updates.count} updates at a rate of {rate:.3g} move a weight by "
        f"about {moved:.3g} in all; the outputs are {np.median(misses):.4g} "
        f"from the targets, with inputs of size {np.median(sizes):.3g}.",
        f"{fix}; or scaled targets.",
        [Repair("epochs", epochs)],
    )


def _rows(subject):
    """Sizes of the rows, and how far the outputs are off, of one layer.

    Returns:
        Two arrays, or `None` for networks of another kind.
    """
    weighted = subject.network.weighted
    if len(weighted) != 1 or len(heads(subject)) != 1:
        return None
    head, entrance = heads(subject)[0], entrances(subject)
    layer = weighted[0].core
    if type(layer) is not keras.layers.Dense or len(entrance) != 1:
        return None
    plain = layer.units == 1 and head.activation == "linear"
    if not plain or head.loss_name not in _LOSSES or head.y is None:
        return None
    if entrance[0].kind != "dense" or entrance[0].facts is None:
        return None
    x = np.asarray(entrance[0].seen, "float64")
    y = np.asarray(head.y, "float64").ravel()
    if x.ndim != 2 or len(x) != len(y) or head.targets.constant:
        return None
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return None
    outputs = x @ np.asarray(to_numpy(layer.kernel), "float64").ravel()
    if layer.use_bias:
        outputs = outputs + float(to_numpy(layer.bias)[0])
    return np.abs(x).sum(1) + layer.use_bias, np.abs(y - outputs)

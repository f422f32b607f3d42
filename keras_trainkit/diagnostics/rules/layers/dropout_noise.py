"""Dropouts that are too much together: the family R."""

import math

import keras

from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule

# Of the signal's: from there on networks lost a tenth of the rows and more.
_MOST = 0.9
# Such rates are told one by one.
_TOLD = 0.8
_SMALLER = 0.1
_NARROW = 'Dense(8, activation="relu")'
_SOFTMAX = 'Dense(3, activation="softmax")'
_SPARSE = "sparse_categorical_crossentropy"


@rule(
    "R109",
    name="dropout behind narrow layers, again and again",
    topic="regularization",
    severity="warning",
    confidence=0.5,
    needs=("graph",),
    bad=program(*[_NARROW, "Dropout(0.5)"] * 4, _SOFTMAX, loss=_SPARSE),
    good=program(*[_NARROW] * 4, "Dropout(0.5)", _SOFTMAX, loss=_SPARSE),
    reference="https://jmlr.org/papers/v15/srivastava14a.html",
)
def dropout_noise(subject):
    """What dropout adds to a sum of n values grows as n falls.

    Dropped at rate p and scaled up, n values of like size have a sum whose
    variance is p / (1 - p) / n of its square; of a layer's values half count,
    as a ReLU lets through. Through several layers that multiplies. Where it
    comes near the signal itself, little is left to learn from: drop in front
    of the last layer only, or behind wide layers.
    """
    places = _places(subject.network)
    if any(rate >= _TOLD for _, rate, _ in places):
        return
    noise = math.prod(1 + _variance(rate, n) for _, rate, n in places) - 1
    if noise < _MOST:
        return
    rates = ", ".join(f"{rate:g} of {n}" for _, rate, n in places)
    yield found(
        places[0][0],
        f"Dropout drops {rates} values, one layer behind the other: its noise "
        f"is {noise:.2g} times the signal.",
        "Dropout in front of the last layer only, wider layers, or rates of "
        f"{_SMALLER:g}",
        [Repair("dropout_rate", _SMALLER, path) for path, _, _ in places],
    )


def _variance(rate, values):
    return rate / (1 - rate) / max(values / 2, 1)


def _places(network):
    """Returns `(path, rate, how many values)` of the dropouts of a chain.

    An empty list for networks with branches: what goes around a dropout has
    none of its noise.
    """
    if any(len(node.before) > 1 for node in network.nodes):
        return []
    kinds = (keras.layers.Dropout, keras.layers.GaussianDropout)
    places = []
    for node in network.nodes:
        rate = getattr(node.layer, "rate", None)
        sizes = node.shape[1:] if node.shape else ()
        if not isinstance(node.layer, kinds) or not rate or rate >= 1:
            continue
        if sizes and None not in sizes:
            places.append((node.path, float(rate), math.prod(sizes)))
    return places

"""Networks without a hidden layer, where one is needed: the family X."""

import numpy as np

from keras_trainkit.diagnostics.facts.entrances import entrances
from keras_trainkit.diagnostics.facts.heads import heads
from keras_trainkit.diagnostics.rules.examples import SIGMOID
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule
from keras_trainkit.kernels.data_facts.linear_fit import linear_share

XOR = (
    "x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])\ny = np.array([0, 1, 1, 0])"
)
_FEATURES, _ROWS = 100, 1024
# A function that gets less than this of the targets gets nothing of them.
_NOTHING = 0.05


@rule(
    "X111",
    name="targets that no single layer can tell",
    topic="architecture",
    severity="warning",
    confidence=0.7,
    needs=("compiled", "graph", "sample"),
    bad=program(SIGMOID, loss="binary_crossentropy", inputs="(2,)", data=XOR),
    good=program(
        'Dense(8, activation="tanh")',
        SIGMOID,
        loss="binary_crossentropy",
        inputs="(2,)",
        data=XOR,
    ),
    reference="https://mitpress.mit.edu/9780262630221/perceptrons/",
)
def beyond_a_layer(subject):
    """One layer draws one straight line, whatever its activation.

    Where the best linear function of the inputs tells nothing of the targets,
    as with XOR or a parabola, the network needs a hidden layer with an
    activation. Found by least squares on the sample.
    """
    if subject.network.depth != 1 or len(heads(subject)) != 1:
        return
    head, entrance = heads(subject)[0], entrances(subject)
    if len(entrance) != 1 or entrance[0].facts is None or head.y is None:
        return
    share = _share(entrance[0], head)
    if share is not None and share < _NOTHING:
        yield found(
            head.where,
            "The network is one layer, and the best linear function of x "
            f"tells {max(share, 0):.0%} of y.",
            'keras.layers.Dense(16, activation="relu") before the last layer.',
        )


def _share(entrance, head):
    """Returns what a linear function tells, or `None` where that is open."""
    x, y, facts = entrance.x[:_ROWS], head.y[:_ROWS], head.targets
    known = entrance.kind in ("dense", "normalized") and x.ndim == 2
    many = x.ndim == 2 and (x.shape[1] > _FEATURES or len(x) < 2 * x.shape[1])
    if not known or many or facts.constant or head.reproduces:
        return None
    if not np.isfinite(x).all():
        return None
    if facts.kind == "one_hot":
        return linear_share(x, y.argmax(-1), classes=True)
    if y.size != len(y) or not np.isfinite(y.astype("float64")).all():
        return None
    if facts.exclusive:
        return linear_share(x, y.reshape(-1), classes=True)
    if facts.kind in ("real", "unit", "integers") and len(y) >= 20:
        return linear_share(x, y.reshape(-1))
    return None

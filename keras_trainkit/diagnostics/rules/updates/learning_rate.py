"""The learning rate and momentum: the family O."""

import numpy as np

from keras_trainkit.diagnostics.facts.entrances import entrances
from keras_trainkit.diagnostics.facts.heads import heads
from keras_trainkit.diagnostics.facts.updates import RATES
from keras_trainkit.diagnostics.facts.updates import UNIT_STEPS
from keras_trainkit.diagnostics.facts.updates import effective_rate
from keras_trainkit.diagnostics.facts.updates import gentleness
from keras_trainkit.diagnostics.facts.updates import is_too_low
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import HIDDEN
from keras_trainkit.diagnostics.rules.examples import SIGMOID
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule
from keras_trainkit.kernels.data_facts.columns import size_fault

# With so few rows every batch is all of them, and rates of any size can work.
_FEW_ROWS = 16
_NEAR_ONE = 0.99
# The highest rate of Adam and its kin for deep stacks without normalisation.
_TOUCHY = 0.009
# And for few plain layers: measured, at most three hidden ones of 16 to 128
# units learn as well with 0.05 as with less.
_SHALLOW, _OF_SHALLOW = 4, 0.06
# Of SGD, momentum included, for eight layers and more.
_DEEP_SGD = 0.5
# Of Adam and its kin for plain stacks of so many layers: measured.
_DEEP_ADAM = {8: 0.015, 12: 0.009}


def _example(optimizer, **more):
    more = {"loss": "binary_crossentropy"} | more
    return program(HIDDEN, SIGMOID, optimizer=optimizer, **more)


@rule(
    "O101",
    name="learning rate out of the customary range",
    topic="learning_rate",
    severity="warning",
    confidence=0.6,
    needs=("compiled",),
    bad=_example("keras.optimizers.Adam(0.5)"),
    good=_example("keras.optimizers.Adam(0.001)"),
    reference="https://arxiv.org/abs/1206.5533",
)
def learning_rate(subject):
    """Each optimizer has rates that mostly work.

    Adam and RMSprop move every weight by about the rate in each update,
    whatever the gradient: above 0.05 that is more than most weights are, and
    above 0.03 too much for more than three hidden layers; eight plain layers
    behind one another bear half of that, twelve a third. SGD
    multiplies the gradient, momentum m multiplies that by `1 / (1 - m)`, and a
    loss that is summed over the batch by the batch's size. Adadelta is meant
    for 1.0; Keras's default is 0.001, with which it hardly moves.
    `tuning.find_learning_rate` measures the rate for a network and its data.
    """
    compiled = subject.compiled
    name, rate = compiled.optimizer_name, effective_rate(subject)
    if rate is None or name not in RATES:
        return
    lowest, usual, _ = RATES[name]
    told = [f"learning rate {compiled.learning_rate:g}"]
    if rate != compiled.learning_rate:
        told.append(f"momentum {compiled.momentum:g}")
    summed = any(one and one.reduction == "sum" for one in compiled.loss)
    if summed and name == "sgd":
        size = subject.batch_size or 32
        rate *= size
        told.append(f"a loss summed over batches of {size} rows")
    few = subject.rows is not None and subject.rows <= _FEW_ROWS
    forgiving = few or subject.network.depth == 1
    highest = _highest(subject)
    if rate > 1.001 * highest * (10 if forgiving else 1):
        side = f"is above {highest:g}"
    elif is_too_low(name, rate) and not compiled.scheduled:
        side = f"is below {lowest:g}"
    else:
        return
    acting = f", which act like {rate:.3g}," if len(told) > 1 else ""
    far = max(rate / highest, lowest / max(rate, 1e-30))
    yield found(
        "",
        f"{name} with {' and '.join(told)}{acting} {side}, where training "
        f"{'mostly breaks down' if rate > highest else 'hardly moves'}.",
        f"{compiled.constructor}(learning_rate={usual:g}), or find it with "
        "ktk.tuning.find_learning_rate.",
        [Repair("learning_rate", usual)],
        confidence=0.85 if far >= 10 else None,
    )


def _highest(subject):
    """Returns the highest rate with which such a network mostly trains."""
    name, network = subject.compiled.optimizer_name, subject.network
    _, usual, highest = RATES[name]
    if name in UNIT_STEPS:
        highest = _of_unit_steps(network, highest)
    elif name == "sgd":
        deep = _is_deep(network)
        highest = _DEEP_SGD if deep else highest / gentleness(subject)
    if _has_large_inputs(subject):
        highest = min(highest, 5 * usual)
    return highest


def _of_unit_steps(network, customary):
    """Returns the highest rate for steps of about the rate's length."""
    if _is_touchy(network):
        customary = _TOUCHY
    elif _is_shallow(network):
        return max(customary, _OF_SHALLOW)
    if not _is_deep(network):
        return customary
    least = (most for deep, most in _DEEP_ADAM.items() if network.depth >= deep)
    return min(customary, *least)


def _has_large_inputs(subject):
    """Whether gradients are large because inputs are."""
    if subject.sample is None:
        return False
    return any(
        one.takes_numbers and size_fault(one.facts) in ("pixels", "large")
        for one in entrances(subject)
    )


def _is_shallow(network):
    """Whether it is made of few dense layers."""
    kinds = {node.kind for node in network.weighted}
    return network.depth <= _SHALLOW and kinds <= {"dense", "embedding"}


def _is_deep(network):
    """Whether it is a deep plain stack: no normalisation, nothing added."""
    kinds = {node.kind for node in network.nodes}
    return network.depth >= 8 and not kinds & {"normalization", "merge"}


def _is_touchy(network):
    """Whether many layers without normalisation lie one behind the other."""
    kinds = {node.kind for node in network.nodes}
    deep = network.depth >= 4 and kinds & {"conv", "attention"}
    return bool(deep) and "normalization" not in kinds


@rule(
    "O102",
    name="momentum near 1",
    topic="optimizer",
    severity="warning",
    confidence=0.5,
    needs=("compiled",),
    bad=_example("keras.optimizers.SGD(0.001, momentum=0.995)"),
    good=_example("keras.optimizers.SGD(0.01, momentum=0.9)"),
)
def momentum(subject):
    """Momentum m averages over the last `1 / (1 - m)` updates.

    At 0.995 those are 200: the weights still follow gradients of long ago,
    swing past every valley, and the step is 200 times the rate. Customary is
    0.9, for `beta_1` of Adam as well.
    """
    value = subject.compiled.momentum
    if value >= _NEAR_ONE:
        name = "beta_1" if _has_beta(subject.compiled) else "momentum"
        span = f"{1 / (1 - value):.0f}" if value < 1 else "all"
        yield found(
            "",
            f"{name} is {value:g}: steps average the last {span} gradients.",
            f"{name}=0.9",
            [Repair("momentum", 0.9)],
            severity="error" if value >= 1 else None,
        )


def _has_beta(compiled):
    return hasattr(compiled.optimizer, "beta_1")


@rule(
    "O107",
    name="a rate at which SGD diverges on these inputs",
    topic="learning_rate",
    severity="warning",
    confidence=0.7,
    needs=("compiled", "sample"),
    bad=program(
        "Dense(1)",
        loss="mse",
        optimizer="sgd",
        inputs="(1,)",
        data="x = np.arange(100.0)[:, None]\ny = 2 * x + 1",
    ),
    good=program(
        "Dense(1)",
        loss="mse",
        optimizer="sgd",
        inputs="(1,)",
        data="x = np.arange(100.0)[:, None]\n"
        "y = 2 * x + 1\n"
        "x, y = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()",
    ),
)
def divergent_rate(subject):
    """Gradient descent on a square has a largest rate: 2 over its curvature.

    For a linear layer and the mean squared error the curvature is known: twice
    the largest eigenvalue of the mean of `x x'`, the bias's 1 included. Above
    that rate every step makes the error larger, until it is NaN. Deeper
    networks have at least about the curvature of their last layer. Large
    targets make it larger in training.
    """
    compiled = subject.compiled
    if compiled.optimizer_name != "sgd" or compiled.clips:
        return
    rate = compiled.learning_rate
    for entrance in entrances(subject):
        head = heads(subject)[0]
        squared = head.loss_name == "mean_squared_error"
        fits = entrance.kind == "dense" and entrance.x.ndim == 2
        fits = fits and entrance.facts and np.isfinite(entrance.seen).all()
        if not (squared and fits and head.units and rate):
            continue
        if head.activation != "linear" or len(heads(subject)) > 1:
            continue
        depth = subject.network.depth
        curvature = _curvature(entrance.seen) / head.units
        # Hidden layers pass on about half of it.
        curvature /= 1 if depth == 1 else 2
        limit = 2 * (1 + compiled.momentum) / curvature
        if rate <= limit * (1 if depth == 1 else 2):
            continue
        yield found(
            entrance.where,
            f"With inputs of this size the squared error has a curvature of "
            f"{'about ' if depth > 1 else ''}{curvature:.3g}: SGD diverges "
            f"above a rate of {limit:.2g}, and it is {rate:g}.",
            "x = (x - x.mean(axis=0)) / x.std(axis=0) allows rates near "
            f"0.01; otherwise keras.optimizers.SGD({0.2 * limit:.1g})",
            [
                Repair("learning_rate", float(f"{0.2 * limit:.1g}")),
                Repair("standardize", "large", entrance.where),
            ],
            severity="error" if depth == 1 else None,
            confidence=0.92 if depth == 1 else None,
        )
        return


def _curvature(x):
    """Returns twice the largest eigenvalue of the mean of x x'."""
    rows = np.asarray(x[:256], "float64")
    rows = np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
    return 2.0 * float(np.linalg.norm(rows, 2)) ** 2 / len(rows)

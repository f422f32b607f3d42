"""Rules about penalties on weights and constraints of their norm."""

import math

import keras
import numpy as np

from keras_trainkit.backend.optimizer.decay_exclusion import decayed
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.lines import layer_line
from keras_trainkit.diagnostics.rules.lines import listed
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule
from keras_trainkit.models.normalization import is_normalization

_NORMS = (
    keras.constraints.MaxNorm,
    keras.constraints.MinMaxNorm,
    keras.constraints.UnitNorm,
)
# Factors of l1 and l2: from where advice, from where a warning.
_STRONG = {"l1": (0.02, 0.05), "l2": (0.03, 0.1)}
_MEAN_OUTPUT, _MEAN_SQUARE = 0.4, 0.3
_COSTLY = (0.5, 2.0)
_OF_VECTORS = ("bias_regularizer", "gamma_regularizer", "beta_regularizer")
_HIDDEN = 'Dense(32, activation="relu")'
_SPARSE = "sparse_categorical_crossentropy"
_HEAD = ("Flatten()", 'Dense(3, activation="softmax")')


def strengths(regularizer):
    """Returns the factors of l1 and l2 of a regularizer, 0 without."""
    values = (getattr(regularizer, name, None) for name in ("l1", "l2"))
    return tuple(
        0.0 if one is None else float(np.asarray(one)) for one in values
    )


@rule(
    "R104",
    name="a norm over the wrong axes",
    topic="regularization",
    severity="warning",
    confidence=0.4,
    bad=program(
        'Conv2D(8, 3, activation="relu", kernel_constraint="unit_norm")',
        *_HEAD,
        inputs="(8, 8, 1)",
        loss=_SPARSE,
    ),
    good=program(
        'Conv2D(8, 3, activation="relu", kernel_constraint=norm)',
        *_HEAD,
        inputs="(8, 8, 1)",
        loss=_SPARSE,
        data="norm = keras.constraints.UnitNorm(axis=[0, 1, 2])",
    ),
    reference="https://jmlr.org/papers/v15/srivastava14a.html",
)
def norm_over_wrong_axes(subject):
    """A max-norm or unit-norm that is not that of a unit's incoming weights.

    Keras's norms take axis 0 by default. That is right for Dense, where the
    kernel has shape (in, out). A convolution's has (height, width, in, out):
    axis 0 there is a column of a few weights, so a unit norm blows a filter up
    and a max norm hardly ever acts (advice). `ktk.constraints.constrain` finds
    the axes by the layer.
    """
    for kernel in subject.network.kernels:
        constraint = kernel.constraint
        if not isinstance(constraint, _NORMS):
            continue
        axes = np.atleast_1d(constraint.axis).tolist()
        axes = sorted(axis % len(kernel.shape) for axis in axes)
        if axes == sorted(kernel.axes):
            continue
        name = type(constraint).__name__
        right = list(kernel.axes) if len(kernel.axes) > 1 else kernel.axes[0]
        seen = math.prod(kernel.shape[axis] for axis in axes)
        yield found(
            kernel.path,
            f"{name} over axes {axes} of a kernel of shape {kernel.shape}: "
            f"vectors of {seen} weights. Those that lead into one unit lie "
            f"along {right}, {kernel.fan_in} of them.",
            f"{kernel.argument}=keras.constraints.{name}(axis={right}), or "
            "ktk.constraints.constrain(model, max_norm=2.0).",
            [Repair("constraint", _over(constraint, right), kernel.path)],
            severity="advice" if name == "MaxNorm" else None,
        )


def _over(constraint, axes):
    config = {**constraint.get_config(), "axis": axes}
    return type(constraint).from_config(config)


@rule(
    "R106",
    name="decay of biases and normalisation",
    topic="regularization",
    severity="advice",
    confidence=0.05,
    bad=program(
        _HIDDEN,
        'Dense(3, activation="softmax", bias_regularizer="l2")',
        loss=_SPARSE,
    ),
    good=program(_HIDDEN, 'Dense(3, activation="softmax")', loss=_SPARSE),
    reference="https://arxiv.org/abs/1706.05350",
)
def decay_of_vectors(subject):
    """Biases, scales and offsets are pulled towards zero.

    That changes what the network computes and regularises nothing: decay is
    for kernels. With an optimizer's weight decay,
    `ktk.optimizers.exclude_norm_and_bias` leaves the others out.
    """
    penalised = {
        (path, argument): getattr(layer, argument)
        for path, layer in subject.network.layers
        for argument in _OF_VECTORS
        if any(strengths(getattr(layer, argument, None)))
    }
    for (path, argument), regularizer in penalised.items():
        yield found(
            path,
            f"{argument}={type(regularizer).__name__} pulls biases or scales "
            "towards 0.",
            f"{argument}=None",
        )
    if subject.compiled is None or not subject.compiled.weight_decay:
        return
    if subject.compiled.optimizer is None:
        return
    paths = _decayed(subject)
    if paths:
        yield found(
            paths[0],
            f"weight_decay={subject.compiled.weight_decay:g} of "
            f"{type(subject.compiled.optimizer).__name__} acts on biases and "
            f"normalisation, too, in {listed(paths)}.",
            "ktk.optimizers.exclude_norm_and_bias(optimizer, model)",
        )


def _decayed(subject):
    """Returns the paths of layers with vectors that the optimizer decays."""
    paths = []
    for path, layer in subject.network.layers:
        vectors = [
            weight
            for weight in subject.network.tree.own_weights(layer)
            if weight.trainable
            and (len(weight.shape) < 2 or is_normalization(layer))
        ]
        if decayed(subject.compiled.optimizer, vectors):
            paths.append(path)
    return paths


@rule(
    "R107",
    name="a strong penalty",
    topic="regularization",
    severity="advice",
    confidence=0.6,
    bad=program(
        'Dense(64, activation="relu", kernel_regularizer=l2)',
        'Dense(3, activation="softmax")',
        loss=_SPARSE,
        data="l2 = keras.regularizers.L2(0.5)",
    ),
    good=program(
        'Dense(64, activation="relu", kernel_regularizer=l2)',
        'Dense(3, activation="softmax")',
        loss=_SPARSE,
        data="l2 = keras.regularizers.L2(1e-4)",
    ),
    reference="https://keras.io/api/layers/regularizers/",
)
def strong_penalty(subject):
    """A penalty so strong that the weights shrink whatever the data say.

    Keras sums over all weights, so a factor that looks small is not: 1e-5 to
    0.01 is customary for l2. From 0.03 it is advice, from 0.1 a warning; for
    l1 from 0.02 and 0.05.
    """
    strong = {}
    for kernel in subject.network.kernels:
        pairs = zip(_STRONG, strengths(kernel.regularizer), strict=True)
        for name, factor in pairs:
            if factor >= _STRONG[name][0]:
                strong.setdefault((name, factor), []).append(kernel)
    for (name, factor), kernels in strong.items():
        costs = sum(_penalty(name, factor, one) for one in kernels)
        line = layer_line(
            kernels[0].layer,
            kernel_regularizer="keras.regularizers.L2(1e-4)",
        )
        yield found(
            kernels[0].path,
            f"{name}({factor:g}) on the kernel of "
            f"{listed(one.path for one in kernels)} adds {costs:.3g} to the "
            "loss and pulls on all weights whatever the data say.",
            line,
            [
                Repair("regularizer", keras.regularizers.L2(1e-4), one.path)
                for one in kernels
            ],
            severity="warning" if factor >= _STRONG[name][1] else None,
        )


def _penalty(name, factor, kernel):
    size = math.prod(kernel.shape)
    # Of a normal or uniform draw, the mean size is 0.8 to 0.87 of the rms.
    mean = kernel.rms**2 if name == "l2" else 0.83 * kernel.rms
    return factor * mean * size


@rule(
    "R108",
    name="a strong penalty on outputs of a layer",
    topic="regularization",
    severity="advice",
    confidence=0.6,
    needs=("graph",),
    bad=program(
        'Dense(64, activation="relu", activity_regularizer=l1)',
        'Dense(3, activation="softmax")',
        loss=_SPARSE,
        data="l1 = keras.regularizers.L1(1.0)",
    ),
    good=program(
        'Dense(64, activation="relu", activity_regularizer=l1)',
        'Dense(3, activation="softmax")',
        loss=_SPARSE,
        data="l1 = keras.regularizers.L1(1e-4)",
    ),
    reference="https://keras.io/api/layers/regularizers/",
)
def strong_activity_penalty(subject):
    """A penalty on activity that outweighs the loss switches the units off.

    Keras sums over the outputs of a row, so it grows with the number of units:
    1e-5 to 1e-3 is customary. Above a cost of about 0.5 a row it is advice,
    above 2, about the loss of a classifier at the start, a warning.
    """
    for node in subject.network.nodes:
        if isinstance(node.layer, keras.layers.ActivityRegularization):
            factors = strengths(node.layer)
        else:
            factors = strengths(
                getattr(node.core, "activity_regularizer", None)
            )
        outputs = math.prod(one or 1 for one in node.shape[1:])
        # Outputs of a hidden layer are of about this size at the start.
        costs = (
            factors[0] * _MEAN_OUTPUT + factors[1] * _MEAN_SQUARE
        ) * outputs
        if costs > _COSTLY[0]:
            yield found(
                node.path,
                f"l1({factors[0]:g}), l2({factors[1]:g}) on {outputs} outputs "
                f"of a row cost about {costs:.2g} at the start: nothing is "
                "cheaper than outputs of 0.",
                "activity_regularizer=keras.regularizers.L1(1e-4)",
                [Repair(_undone_by(node), None, node.path)],
                severity="warning" if costs > _COSTLY[1] else None,
            )


def _undone_by(node):
    is_layer = isinstance(node.layer, keras.layers.ActivityRegularization)
    return "remove_layer" if is_layer else "regularizer"

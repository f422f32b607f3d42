"""Rules about the numbers of one forward and backward pass."""

import keras
import numpy as np

from keras_trainkit.diagnostics.facts.heads import heads
from keras_trainkit.diagnostics.facts.passes.received import cause_of_scale
from keras_trainkit.diagnostics.facts.passes.received import embedded
from keras_trainkit.diagnostics.facts.start import beyond_chance
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.others import told_by_others
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule

_DATA = (
    "rng = np.random.default_rng(0)\n"
    'x = rng.normal(size=(200, 4)).astype("float32")\n'
    "y = (x[:, 0] > 0).astype(int) + (x[:, 1] > 0)\n"
)
_FIRST = ("F104", "F105", "F108", "F109")
_LOSS = "sparse_categorical_crossentropy"
_WORDS = (
    "x = np.random.default_rng(0).integers(0, 20, (200, 3))\n"
    "y = (x[:, :1] > 9).astype(int)\n"
)
_FIXES = {
    "preprocessing": "Standardise the inputs: put `keras.layers.Normalization`,"
    " adapted to the training data, first.",
    "initialization": 'Use `kernel_initializer="he_normal"` (ReLU family) or '
    '"glorot_uniform" there.',
    "architecture": "Take it out, or put `keras.layers.LayerNormalization` "
    "behind it.",
    "normalization": "Put `keras.layers.BatchNormalization` or "
    "`LayerNormalization` between the layers.",
}


@rule(
    "F101",
    name="the first pass fails",
    topic="architecture",
    severity="error",
    confidence=0.6,
    needs=("first_pass",),
    bad=program(
        'Dense(3, activation="softmax")',
        loss="lambda y, p: keras.ops.reshape(p, (-1, 7))",
        data=_DATA,
    ),
    good=program('Dense(3, activation="softmax")', loss=_LOSS, data=_DATA),
)
def the_first_pass_fails(subject):
    """The model or its loss raises an error on rows of the data.

    The same error ends `fit`. Where another check names its cause, such as
    labels that do not fit the loss, this one is silent.
    """
    error = subject.first_pass.error
    if error is None or told_by_others(subject, (), ("F111",)):
        return
    line = " ".join(error.split())[:300]
    in_loss = bool(subject.first_pass.outputs)
    yield found(
        "",
        f"On {subject.first_pass.rows} rows of the data the "
        f"{'loss' if in_loss else 'model'} raises {line}",
        "Run `fit` inside `with keras_trainkit.diagnostics.explain():`, which "
        "names the layers whose shapes are in the message.",
        topic="loss" if in_loss else "architecture",
    )


@rule(
    "F111",
    name="numbers beyond an embedding's vocabulary",
    topic="architecture",
    severity="error",
    confidence=0.9,
    needs=("sample", "graph"),
    bad=program(
        "Embedding(10, 4)",
        "GlobalAveragePooling1D()",
        'Dense(1, activation="sigmoid")',
        loss="binary_crossentropy",
        inputs="(3,)",
        data=_WORDS,
    ),
    good=program(
        "Embedding(20, 4)",
        "GlobalAveragePooling1D()",
        'Dense(1, activation="sigmoid")',
        loss="binary_crossentropy",
        inputs="(3,)",
        data=_WORDS,
    ),
)
def beyond_the_vocabulary(subject):
    """An Embedding gets numbers that are not below its `input_dim`.

    It has a row for each number from 0 to `input_dim - 1`. On a GPU, and with
    JAX, others raise no error but give zeros or NaN.
    """
    for path, layer, highest, lowest in embedded(subject):
        if lowest >= 0 and highest < layer.input_dim:
            continue
        yield found(
            path,
            f"{path} has input_dim={layer.input_dim}, its inputs go from "
            f"{lowest:.6g} to {highest:.6g}.",
            f"Write Embedding({int(highest) + 1}, {layer.output_dim}), the "
            "largest number in all of the data plus 1."
            if lowest >= 0
            else "Give it numbers from 0 on.",
            topic="architecture" if lowest >= 0 else "preprocessing",
        )


@rule(
    "F102",
    name="NaN or infinity in the first pass",
    topic="numerics",
    severity="error",
    confidence=0.9,
    needs=("first_pass",),
    bad=program(
        "Dense(8)",
        "Lambda(keras.ops.log)",
        'Dense(3, activation="softmax")',
        loss=_LOSS,
        data=_DATA,
    ),
    good=program(
        'Dense(8, activation="softplus")',
        "Lambda(keras.ops.log1p)",
        'Dense(3, activation="softmax")',
        loss=_LOSS,
        data=_DATA,
    ),
)
def not_finite(subject):
    """Outputs, loss or gradients are not finite before any training.

    The first layer in the order of the forward pass is named. NaN in the data
    is told by the checks of the data.
    """
    seen = subject.first_pass
    if seen.error is not None or seen.finite or _data_not_finite(subject):
        return
    weights = _layers_with_nan(subject)
    layers = [path for path, one in seen.layers.items() if not one.finite]
    gradients = []
    if seen.probe is not None:
        finite, owners = seen.probe.finite, seen.probe.owners
        gradients = [owners[path] for path in finite if not finite[path]]
    if weights:
        yield found(
            weights[0],
            f"The weights of {weights[0]} are NaN or infinite already.",
            "Make the model anew; a training before has left it like this.",
        )
    elif layers:
        if not told_by_others(subject, ("numerics",), ("F111",)):
            yield _layer_not_finite(subject, layers[0])
    elif not told_by_others(subject, ("numerics", "loss", "activation")):
        finite = np.isfinite(seen.loss)
        what = f"gradient of {gradients[0]}" if finite and gradients else "loss"
        yield found(
            gradients[0] if finite and gradients else "",
            f"All outputs are finite, but the {what} is not.",
            "Keep logarithms, roots and divisions in the loss away from 0: "
            "`keras.ops.maximum(value, keras.config.epsilon())`.",
        )


def _data_not_finite(subject):
    arrays = keras.tree.flatten((subject.first_pass.x, subject.first_pass.y))
    return any(
        one.dtype.kind == "f" and not np.isfinite(one).all()
        for one in arrays
        if one is not None
    )


def _layers_with_nan(subject):
    return [
        path
        for path, layer in subject.network.layers
        for weight in layer.weights
        if "float" in keras.backend.standardize_dtype(weight.dtype)
        and not bool(keras.ops.all(keras.ops.isfinite(weight.value)))
    ]


def _layer_not_finite(subject, path):
    layers = subject.first_pass.layers
    before = list(layers)[: list(layers).index(path)]
    largest = layers[before[-1]].largest if before else None
    came = "" if largest is None else f" from values of at most {largest:.3g}"
    topic, _, evidence = cause_of_scale(subject)
    grown = largest is not None and largest > 1e4 and topic in _FIXES
    return found(
        path,
        f"{path} returns NaN or infinity{came}, before any training"
        + (f": {evidence}." if grown else "."),
        _FIXES[topic]
        if grown
        else "Keep logarithms, roots, exponentials and divisions in it within "
        "their range.",
        topic=topic if grown else None,
    )


@rule(
    "F103",
    name="a first loss far above chance",
    topic="initialization",
    severity="warning",
    confidence=0.5,
    needs=("first_pass", "compiled"),
    bad=program(
        "Dense(32, activation='relu')",
        "Rescaling(100.0)",
        'Dense(3, activation="softmax")',
        loss=_LOSS,
        data=_DATA,
    ),
    good=program(
        "Dense(32, activation='relu')",
        'Dense(3, activation="softmax")',
        loss=_LOSS,
        data=_DATA,
    ),
    reference="https://karpathy.github.io/2019/04/25/recipe/",
)
def first_loss(subject):
    """The loss of the untrained network is far above that of a guess.

    Without any knowledge a classifier loses log(number of classes), and a
    regression about the variance of its targets. A network that starts far
    above is sure of wrong answers: its first updates only take that back.
    Targets far from 0 and outputs of layers that were trained before are left
    out.
    """
    seen = subject.first_pass
    outputs = heads(subject)
    if seen.probe is None or len(outputs) != 1 or not seen.finite:
        return
    if _was_trained(subject):
        return
    loss = seen.loss - seen.probe.penalty
    chance, what = beyond_chance(outputs[0], seen.y, loss)
    topics = ("preprocessing", "initialization", "loss", "activation", "data")
    topics += ("normalization", "regularization")
    if chance is None or told_by_others(subject, topics, _FIRST):
        return
    topic, where, evidence = cause_of_scale(subject)
    yield found(
        where,
        f"The loss starts at {loss:.3g}, where {what} is {chance:.3g}: "
        f"{evidence}.",
        _FIXES[topic],
        [Repair("standardize")] if topic == "preprocessing" else (),
        topic=topic,
    )


def _was_trained(subject):
    """Whether what makes the outputs was trained before, such as a critic."""
    ends = {
        id(subject.network.final(one).weighted)
        for one in subject.network.outputs
    }
    return any(
        not node.layer.trainable
        for node in subject.network.weighted
        if id(node) in ends
    )

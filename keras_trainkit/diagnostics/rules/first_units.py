"""Rules about units that say nothing before any training."""

import numpy as np

from keras_trainkit.backend.model.tensors import to_numpy
from keras_trainkit.diagnostics.facts.passes.received import cause_of_scale
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.others import told_by_others
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule

# Of the units of sound networks up to a third are dead on a small batch.
_DEAD = 0.9
_SATURATED = 0.9
_FEWEST_UNITS = 4
# Float noise lies above, the closest rows of sound networks far above.
_EQUAL = 1e-6

_DATA = (
    "rng = np.random.default_rng(0)\n"
    'x = rng.normal(size=(200, 4)).astype("float32")\n'
    "y = x[:, :1] * x[:, 1:2]\n"
)


@rule(
    "F104",
    name="dead units from the start",
    topic="activation",
    severity="warning",
    confidence=0.7,
    needs=("first_pass",),
    bad=program(
        "Dense(16)",
        "Lambda(lambda t: t - 20.0)",
        'Activation("relu")',
        "Dense(1)",
        loss="mse",
        data=_DATA,
    ),
    good=program(
        'Dense(16, activation="relu")', "Dense(1)", loss="mse", data=_DATA
    ),
    reference="https://arxiv.org/abs/1903.06733",
)
def dead_units(subject):
    """Nearly all units of a ReLU layer are 0 for every row.

    Such a unit has no gradient, so it stays 0. The cause is what the layer
    gets: inputs that are large and all of one sign, a bias or kernels far
    below 0.
    """
    network = subject.network
    last = {id(one) for one in network.outputs}
    nodes = {node.path: node for node in network.nodes}
    for path, one in subject.first_pass.layers.items():
        node = nodes.get(path)
        few = one.shape[-1] < _FEWEST_UNITS
        if one.dead is None or one.dead < _DEAD or few or not one.finite:
            continue
        if node is None or id(node) in last:
            continue
        topic, where, evidence, fix = _why_dead(subject, path)
        if told_by_others(subject, (topic, "activation", "initialization")):
            return
        yield found(
            where or path,
            f"{one.dead:.0%} of the units of {path} are 0 for all "
            f"{subject.first_pass.rows} rows{evidence}.",
            fix,
            [Repair("standardize")] if topic == "preprocessing" else (),
            topic=topic,
            severity="error" if one.dead == 1.0 else None,
        )
        return


def _why_dead(subject, path):
    kernels = [one for one in subject.network.kernels if one.path == path]
    for kernel in kernels:
        bias = getattr(kernel.layer, "bias", None)
        low = 0.0 if bias is None else float(np.mean(to_numpy(bias)))
        if low < -1.0:
            fix = 'Leave `bias_initializer` at "zeros".'
            return "initialization", path, f": its biases are {low:.3g}", fix
        if kernel.mean < -0.5 * kernel.rms:
            fix = 'Use `kernel_initializer="he_normal"`.'
            said = f": its weights are {kernel.mean:.3g} on average"
            return "initialization", path, said, fix
    topic, where, evidence = cause_of_scale(subject)
    if topic == "preprocessing":
        fix = (
            "Standardise the inputs: put `keras.layers.Normalization`, "
            "adapted to the training data, first."
        )
        return topic, where, f": {evidence}", fix
    fix = "Keep what comes before a ReLU around 0."
    return "activation", path, "", fix


@rule(
    "F105",
    name="saturated units from the start",
    topic="activation",
    severity="warning",
    confidence=0.6,
    needs=("first_pass",),
    bad=program(
        "Dense(16)",
        "Rescaling(200.0)",
        'Activation("tanh")',
        "Dense(1)",
        loss="mse",
        data=_DATA,
    ),
    good=program(
        'Dense(16, activation="tanh")', "Dense(1)", loss="mse", data=_DATA
    ),
    reference="https://proceedings.mlr.press/v9/glorot10a.html",
)
def saturated_units(subject):
    """Nearly all outputs of a sigmoid or tanh lie at its bounds.

    The slope is near 0 there, so almost no gradient passes.
    """
    network = subject.network
    last = {id(one) for one in network.outputs}
    nodes = {node.path: node for node in network.nodes}
    for path, one in subject.first_pass.layers.items():
        node = nodes.get(path)
        if one.saturated is None or one.saturated < _SATURATED:
            continue
        if node is None or id(node) in last or not one.finite:
            continue
        topic, where, evidence = cause_of_scale(subject)
        topics = (topic, "activation", "preprocessing", "initialization")
        if told_by_others(subject, topics):
            return
        yield found(
            where or path,
            f"{one.saturated:.0%} of the outputs of {path} lie within 1 % of "
            f"the bounds of {node.activation}: {evidence}.",
            "Standardise the inputs and start from "
            '`kernel_initializer="glorot_uniform"`.',
            [Repair("standardize")] if topic == "preprocessing" else (),
            topic=topic,
        )
        return


@rule(
    "F106",
    name="one answer for every row",
    topic="architecture",
    severity="warning",
    confidence=0.7,
    needs=("first_pass",),
    bad=program(
        'Dense(16, activation="relu")',
        "Lambda(lambda t: 0 * t + keras.ops.mean(t, 0, keepdims=True))",
        "Dense(1)",
        loss="mse",
        data=_DATA,
    ),
    good=program(
        'Dense(16, activation="relu")', "Dense(1)", loss="mse", data=_DATA
    ),
)
def one_answer(subject):
    """Rows that differ get equal outputs.

    Somewhere on the way the rows become equal: by a mean over the wrong axis,
    by an activation that returns a constant, by a signal that fades away. The
    first layer whose rows are equal is named. Weights that are 0 at the start
    do not count. Behind frozen layers it is advice: without the weights they
    were trained to, a deep stack hands on next to nothing.
    """
    seen = subject.first_pass
    last = [one for one in seen.outputs if one.dtype.kind == "f"]
    if seen.rows < 2 or not last or not seen.finite:
        return
    if any(_spread(one) > _EQUAL for one in last) or _zero_kernels(subject):
        return
    equal = [path for path, one in seen.layers.items() if _is_equal(one)]
    where = equal[0] if equal else ""
    topics = ("architecture", "activation", "initialization", "data", "loss")
    topics += ("preprocessing", "normalization")
    if told_by_others(subject, topics, ("F104", "F105", "F107")):
        return
    yield found(
        where,
        f"All {seen.rows} rows get the same output; they are equal from "
        f"{where or 'the output'} on.",
        f"Look at what {where or 'the last layer'} makes of its inputs: "
        "`keras_trainkit.probing.forward(model, x)` shows every layer.",
        severity="advice" if _has_frozen_part(subject) else None,
    )


def _has_frozen_part(subject):
    layers = subject.given.layers
    return any(one.weights and not one.trainable for one in layers)


def _spread(values):
    with np.errstate(all="ignore"):
        values = values.astype("float64")
        scale = np.abs(values).max(initial=0.0) or 1.0
        return float(np.std(values, axis=0).max(initial=0.0) / scale)


def _is_equal(output):
    return output.row_spread <= _EQUAL * (output.largest or 1.0)


def _zero_kernels(subject):
    return any(kernel.constant == 0.0 for kernel in subject.network.kernels)

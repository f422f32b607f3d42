"""Rules about the gradients of the first pass."""

from keras_trainkit.diagnostics.facts.passes.received import cause_of_scale
from keras_trainkit.diagnostics.facts.passes.received import large_targets
from keras_trainkit.diagnostics.facts.updates import UNIT_STEPS
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.lines import listed
from keras_trainkit.diagnostics.rules.others import told_by_others
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule

# The layers of sound networks, U-Nets and transformers too, lie within 1e-3.
_VANISHED = 1e-4
# Norm of a gradient over that of the weights; sound networks stay below 100.
_EXPLODED = 1e3
# They name the cause, where these see what follows from it.
_UNITS = ("F104", "F105")
_SATURATING = ("sigmoid", "tanh", "hard_sigmoid", "hard_tanh", "softsign")
_SATURATING += ("softmax",)

_DATA = (
    "rng = np.random.default_rng(0)\n"
    'x = rng.normal(size=(200, 4)).astype("float32")\n'
    "y = x[:, :1] * x[:, 1:2]\n"
)


@rule(
    "F107",
    name="vanishing gradients",
    topic="activation",
    severity="warning",
    confidence=0.7,
    needs=("first_pass", "graph"),
    bad=program(
        *["Dense(16)", "Lambda(lambda t: 0.01 * keras.ops.tanh(t))"] * 3,
        "Dense(1)",
        loss="mse",
        data=_DATA,
    ),
    good=program(
        *['Dense(16, activation="tanh")'] * 3,
        "Dense(1)",
        loss="mse",
        data=_DATA,
    ),
    reference="https://proceedings.mlr.press/v9/glorot10a.html",
)
def vanishing(subject):
    """The first layers get a tiny part of the gradient of the last.

    They stay as they were drawn while the last layers train. Sigmoids do this,
    each taking at least three quarters; so do kernels that are too small.
    """
    norms = _of_kernels(subject)
    moving = subject.first_pass.finite and any(norms.values())
    if len(norms) < 3 or not moving:
        return
    top, bottom = max(norms, key=norms.get), min(norms, key=norms.get)
    share = norms[bottom] / norms[top]
    order = list(norms)
    if share >= _VANISHED or order.index(bottom) > order.index(top):
        return
    topics = ("activation", "initialization", "normalization", "architecture")
    if norms[bottom] == 0 or told_by_others(subject, topics, _UNITS):
        return
    used = {node.activation for node in subject.network.nodes}
    saturating = sorted(used.intersection(_SATURATING))
    topic = "activation" if saturating else "initialization"
    yield found(
        bottom,
        f"The gradient of {bottom} has norm {norms[bottom]:.2g}, that of {top} "
        f"{norms[top]:.2g}: {share:.1g} of it arrives.",
        'Use `activation="relu"` with `kernel_initializer="he_normal"` and '
        "BatchNormalization, or residual connections.",
        [Repair("activation", "relu", bottom)] if saturating else (),
        topic=topic,
    )


@rule(
    "F108",
    name="exploding gradients",
    topic="initialization",
    severity="warning",
    confidence=0.6,
    needs=("first_pass",),
    bad=program(
        "Dense(16)",
        "Rescaling(100.0)",
        'Activation("relu")',
        "Rescaling(100.0)",
        "Dense(1)",
        loss="mse",
        data=_DATA,
    ),
    good=program(
        'Dense(16, activation="relu")', "Dense(1)", loss="mse", data=_DATA
    ),
)
def exploding(subject):
    """Gradients are thousands of times as large as the weights.

    The first update then throws the weights away. Large inputs do this, large
    targets of a regression, and kernels that are too wide. Adam and its kin
    divide by the gradient's size, and so does clipping: there large targets
    are advice.
    """
    probe = subject.first_pass.probe
    if probe is None or not subject.first_pass.finite:
        return
    # Biases that start at 0 have no size to compare with.
    ratios = {
        path: norm / probe.weights[path]
        for path, norm in probe.gradients.items()
        if probe.counts[path] > 1 and probe.weights[path] > 0
    }
    if not ratios or max(ratios.values()) < _EXPLODED:
        return
    worst = max(ratios, key=ratios.get)
    topics = ("preprocessing", "initialization", "loss", "data", "numerics")
    topics += ("normalization", "regularization", "activation")
    if told_by_others(subject, topics, _UNITS):
        return
    large = large_targets(subject)
    if large is not None:
        yield found(
            "",
            f"The gradient of {worst} is {ratios[worst]:.2g} times as large as "
            f"the weights themselves: the targets have size {large:.3g}.",
            "Scale the targets: `y = (y - y.mean()) / y.std()`, and scale the "
            "predictions back.",
            [Repair("scale_targets")],
            topic="preprocessing",
            severity="advice" if _steps_are_bounded(subject) else None,
        )
        return
    topic, where, evidence = cause_of_scale(subject)
    yield found(
        where or probe.owners[worst],
        f"The gradient of {worst} is {ratios[worst]:.2g} times as large as "
        f"the weights themselves: {evidence}.",
        "Standardise inputs and targets, and give the optimizer "
        "`clipnorm=1.0`.",
        [Repair("clipnorm", 1.0)],
        topic=topic,
    )


def _steps_are_bounded(subject):
    compiled = subject.compiled
    return compiled is not None and (
        compiled.optimizer_name in UNIT_STEPS or compiled.clips
    )


@rule(
    "F109",
    name="layers without a gradient",
    topic="architecture",
    severity="error",
    confidence=0.8,
    needs=("first_pass",),
    bad=program(
        'Dense(16, activation="relu")',
        "Lambda(keras.ops.stop_gradient)",
        "Dense(1)",
        loss="mse",
        data=_DATA,
    ),
    good=program(
        'Dense(16, activation="relu")', "Dense(1)", loss="mse", data=_DATA
    ),
)
def no_gradient(subject):
    """The loss does not depend on a layer's weights, or not smoothly.

    An `argmax`, a rounding or a `stop_gradient` behind it lets no gradient
    through, or its output is not used. Weights that are 0 at the start are
    tried with small numbers in their place, so they are no reason.
    """
    seen = subject.first_pass
    if not seen.silent or not seen.finite:
        return
    losses = subject.compiled.loss if subject.compiled else ()
    dead = any(one.dead == 1.0 for one in seen.layers.values())
    # Outputs without a loss train nothing, and are meant to.
    if dead or None in losses or _at_the_bounds(seen):
        return
    topics = ("activation", "initialization", "loss", "architecture")
    if told_by_others(subject, (*topics, "preprocessing", "data")):
        return
    every = len(seen.silent) == len(seen.gradients)
    yield found(
        seen.silent[0],
        f"The gradient of {listed(seen.silent)} is exactly 0"
        + (": nothing can be trained." if every else "."),
        "Look for `argmax`, `round`, `stop_gradient` or NumPy between "
        f"{seen.silent[-1]} and the loss, and for an output that is not used.",
        severity=None if every else "warning",
    )


def _at_the_bounds(seen):
    """Whether an activation is so far out that its slope is 0 in floats."""
    return any((one.saturated or 0) > 0.99 for one in seen.layers.values())


def _of_kernels(subject):
    """Returns the norm of the gradient of each kernel, in their order."""
    probe = subject.first_pass.probe
    if probe is None:
        return {}
    paths = {
        node.path
        for node in subject.network.weighted
        if node.kind in ("dense", "conv", "recurrent")
    }
    ordered = [node.path for node in subject.network.weighted]
    norms = {path: norm for path, norm in probe.layers.items() if path in paths}
    return {
        path: norms[path] for path in dict.fromkeys(ordered) if path in norms
    }

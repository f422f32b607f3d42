"""Rules about the values that kernels and biases begin with."""

import math

from keras_trainkit.diagnostics.facts.chains import makes_output
from keras_trainkit.diagnostics.facts.passes.chain_signals import TOO_WIDE
from keras_trainkit.diagnostics.facts.passes.chain_signals import spread
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.lines import layer_line
from keras_trainkit.diagnostics.rules.lines import listed
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule
from keras_trainkit.kernels.initial_scale import fitting_initializer

# Zero for every negative input, slope included.
_DYING = ("relu", "relu6")
_SATURATING = ("tanh", "sigmoid", "hard_sigmoid", "softsign")
_WIDE_NORMALISED = 20.0
_WIDE_RECURRENT = 3.0
_WIDE_SCORES = 3.0
_WIDE_OUTPUT = 10.0
_WIDE = "wide = keras.initializers.RandomNormal(stddev=1.0, seed=0)"


@rule(
    "I102",
    name="equal weights",
    topic="initialization",
    severity="warning",
    confidence=0.9,
    needs=("graph",),
    bad=program(
        'Dense(32, activation="relu", kernel_initializer="zeros")',
        "Dense(1)",
        inputs="(16,)",
        loss="mse",
    ),
    good=program(
        'Dense(32, activation="relu", kernel_initializer="he_normal")',
        "Dense(1)",
        inputs="(16,)",
        loss="mse",
    ),
    reference="https://arxiv.org/abs/2105.08095",
)
def constant_kernel(subject):
    """All weights of a hidden kernel are equal.

    Its units compute the same and get nearly the same gradients, so the layer
    stays about as good as one unit. Zeros before a ReLU pass on nothing and
    get no gradient, ever. An output layer may begin with zeros, and so may the
    last layer of a residual branch.
    """
    network = subject.network
    constant = {
        id(kernel.node): kernel
        for kernel in network.kernels
        if _is_constant(kernel)
    }
    hidden = [
        kernel
        for kernel in constant.values()
        if not makes_output(network, kernel.node) and not _joins(kernel.node)
    ]
    if not hidden:
        return
    seen = [_consequence(network, kernel, constant) for kernel in hidden]
    worst = max(range(len(hidden)), key=lambda place: seen[place][0])
    is_error, consequence = seen[worst]
    first = hidden[0]
    name = _fitting(network, first)
    line = layer_line(first.layer, kernel_initializer=f'"{name}"')
    yield found(
        first.path,
        f"All {math.prod(first.shape)} weights of its {first.name} are "
        f"{first.constant:g}{_as_in(hidden[1:])}: {consequence}",
        f"{line}: random values tell the units apart.",
        [
            Repair("initializer", _fitting(network, kernel), kernel.path)
            for kernel in hidden
        ],
        severity="error" if is_error else None,
    )


def _fitting(network, kernel):
    activation = network.effective_activation(kernel.node)
    return fitting_initializer(activation) or "glorot_uniform"


def _as_in(others):
    names = listed(kernel.path for kernel in others)
    return f", and so in {names}" if names else ""


def _is_constant(kernel):
    if kernel.constant is None or kernel.node is None:
        return False
    if kernel.name not in ("kernel", "pointwise_kernel"):
        return False
    # A filter that is meant to stay, and one unit that has no equals.
    several = kernel.shape[-1] > 1 or kernel.constant == 0
    return kernel.layer.trainable and several and math.prod(kernel.shape) > 1


def _joins(node):
    """Whether what a node returns is merged before a layer reads it."""
    while len(node.after) == 1:
        node = node.after[0]
        if node.kind in ("merge", "other") or len(node.before) > 1:
            return True
        if node.kind not in (
            "activation",
            "dropout",
            "normalization",
            "reshape",
        ):
            return False
    return bool(node.after)


def _readers(node):
    """Returns the nodes with weights that read what a node returns."""
    readers, front, seen = [], list(node.after), set()
    while front:
        one = front.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if one.kind in ("dense", "conv", "recurrent", "attention", "other"):
            readers.append(one)
        else:
            front += one.after
    return readers


def _consequence(network, kernel, constant):
    """Returns whether it cannot work, and what comes of it."""
    activation = network.effective_activation(kernel.node)
    if kernel.constant <= 0 and activation in _DYING:
        return True, (
            f"{activation} then returns 0 for every input and has no gradient "
            "there, so the layer never changes."
        )
    following = _readers(kernel.node)
    if following and all(id(node) in constant for node in following):
        return True, (
            "the next layer's are equal, too, so the units stay the same unit "
            "however long they are trained."
        )
    if kernel.constant == 0:
        return False, "nothing of the input passes at the start."
    return False, "all units compute the same and learn nearly the same."


@rule(
    "I103",
    name="kernels far too wide",
    topic="initialization",
    severity="warning",
    confidence=0.7,
    bad=program(
        'Dense(64, activation="tanh", kernel_initializer=wide)',
        'Dense(10, activation="softmax")',
        data=_WIDE,
        inputs="(64,)",
        loss="sparse_categorical_crossentropy",
    ),
    good=program(
        'Dense(64, activation="tanh")',
        'Dense(10, activation="softmax")',
        inputs="(64,)",
        loss="sparse_categorical_crossentropy",
    ),
    reference="https://proceedings.mlr.press/v9/glorot10a.html",
)
def kernel_scale(subject):
    """A kernel begins far too wide.

    For inputs of size 1, what a unit gets should be of about size 1: the root
    mean square of the kernel times the root of the number of weights that lead
    into a unit. Several times that saturates tanh and sigmoid, and multiplies
    from layer to layer behind a ReLU. The values are read, not the
    initializer's name; trained kernels are left alone.
    """
    wide = {}
    for kernel in subject.network.kernels:
        told_apart = kernel.constant is None and kernel.node is not None
        if not told_apart or not kernel.untrained or kernel.is_scaled:
            continue
        if spread(kernel) > _widest(subject, kernel):
            key = kernel.initializer_name, kernel.name
            wide.setdefault(key, []).append(kernel)
    for kernels in wide.values():
        yield _too_wide(subject.network, kernels)


def _widest(subject, kernel):
    if kernel.name == "recurrent_kernel":
        return _WIDE_RECURRENT
    if makes_output(subject.network, kernel.node):
        # Of a classifier I105 tells it.
        return math.inf if _is_of_classes(subject, kernel) else _WIDE_OUTPUT
    normalised = any(one.kind == "normalization" for one in kernel.node.after)
    return _WIDE_NORMALISED if normalised else TOO_WIDE


def _too_wide(network, kernels):
    kernel = kernels[0]
    activation = network.effective_activation(kernel.node)
    name = fitting_initializer(activation) or "glorot_uniform"
    seen = "multiplies the signal, and the gradients behind it"
    if kernel.name == "recurrent_kernel":
        name, seen = "orthogonal", "multiplies its state at every step"
    elif activation in _SATURATING:
        seen = f"saturates {activation}, whose slope is near 0 there"
    argument = kernel.argument.replace("constraint", "initializer")
    line = layer_line(kernel.layer, **{argument: f'"{name}"'})
    return found(
        kernel.path,
        f"{_size_of(kernel)} in {listed(one.path for one in kernels)}: inputs "
        f"of size 1 become {spread(kernel):.1f}, which {seen}.",
        f"{line}: its weights are as small as the number of inputs asks for.",
        [
            Repair("initializer", name, one.path)
            for one in kernels
            if one.name == "kernel"
        ],
    )


def _size_of(kernel):
    one_sided = spread(kernel) > kernel.gain_in
    mean = f", nearly all of one sign (mean {kernel.mean:.2g})"
    return (
        f"Weights of size {kernel.rms:.2g}{mean if one_sided else ''} by "
        f"{kernel.initializer_name}, {kernel.fan_in} of them to a unit,"
    )


@rule(
    "I105",
    name="large weights in a classifier's output",
    topic="initialization",
    severity="warning",
    confidence=0.5,
    needs=("graph",),
    bad=program(
        'Dense(64, activation="relu")',
        'Dense(10, activation="softmax", kernel_initializer=wide)',
        data=_WIDE,
        inputs="(64,)",
        loss="sparse_categorical_crossentropy",
    ),
    good=program(
        'Dense(64, activation="relu")',
        'Dense(10, activation="softmax")',
        inputs="(64,)",
        loss="sparse_categorical_crossentropy",
    ),
    reference="https://karpathy.github.io/2019/04/25/recipe/",
)
def output_scale(subject):
    """The output layer of a classifier begins with large weights.

    Its first predictions are then certain and mostly wrong: the loss begins
    far above log(classes), and the first epochs are spent on taking the
    weights back. With small weights, or zeros, it begins at log(classes).
    """
    for kernel in subject.network.kernels:
        size = spread(kernel)
        is_output = makes_output(subject.network, kernel.node)
        if not is_output or not kernel.untrained or size <= _WIDE_SCORES:
            continue
        if kernel.is_scaled:
            continue
        if not _is_of_classes(subject, kernel):
            continue
        yield found(
            kernel.path,
            f"{_size_of(kernel)} make scores of size {size:.1f} for inputs of "
            "size 1, where about 1 is usual: the first predictions are certain "
            "and mostly wrong.",
            layer_line(kernel.layer, kernel_initializer='"glorot_uniform"'),
            [Repair("initializer", "glorot_uniform", kernel.path)],
            severity=None if size > TOO_WIDE else "advice",
        )


def _is_of_classes(subject, kernel):
    losses = subject.compiled.loss if subject.compiled is not None else []
    for place, output in enumerate(subject.network.outputs):
        final = subject.network.final(output)
        if final.weighted is not kernel.node:
            continue
        loss = losses[place] if place < len(losses) else None
        if loss is not None and loss.is_classification:
            return True
        if final.activation in ("softmax", "sigmoid"):
            return True
    return False

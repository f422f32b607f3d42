"""Rules about initializers and what they make of a signal."""

import statistics

import keras

from keras_trainkit.backend.model.tensors import to_numpy
from keras_trainkit.diagnostics.facts.chains import makes_output
from keras_trainkit.diagnostics.facts.passes.chain_signals import drawn_by
from keras_trainkit.diagnostics.facts.passes.chain_signals import fitting_of
from keras_trainkit.diagnostics.facts.passes.chain_signals import is_plain_sgd
from keras_trainkit.diagnostics.facts.passes.chain_signals import lost_signal
from keras_trainkit.diagnostics.facts.passes.chain_signals import scale_is_told
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.lines import layer_line
from keras_trainkit.diagnostics.rules.lines import listed
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule
from keras_trainkit.kernels.initial_scale import FAMILIES
from keras_trainkit.kernels.initial_scale import drawn_rms
from keras_trainkit.kernels.initial_scale import fitting_initializer

# Zero for every negative input, slope included.
_DYING = ("relu", "relu6")
_SATURATING = ("tanh", "sigmoid", "hard_sigmoid", "softsign")
_DEAD_SHARE = 0.95
_SATURATED = 4.0
_HE = 'hidden = {"activation": "relu", "kernel_initializer": "he_normal"}'


@rule(
    "I101",
    name="an initializer derived for another activation",
    topic="initialization",
    severity="advice",
    confidence=0.2,
    needs=("graph",),
    bad=program(
        *['Dense(64, activation="relu")'] * 3,
        "Dense(1)",
        inputs="(16,)",
        loss="mse",
    ),
    good=program(
        *["Dense(64, **hidden)"] * 3,
        "Dense(1)",
        data=_HE,
        inputs="(16,)",
        loss="mse",
    ),
    reference="https://arxiv.org/abs/1502.01852",
)
def kernel_initializer(subject):
    """An initializer that was derived for another activation.

    Glorot's keeps signals and gradients for linear units, tanh, sigmoid and
    softmax, He's for the ReLU family, ELU, GELU, Swish and Mish, LeCun's for
    SELU. With few layers, with normalisation or with residual connections it
    makes little difference, so this is advice. Where it makes much, I104 says
    so.
    """
    plain_sgd = is_plain_sgd(subject.compiled)
    for chain in subject.network.chains:
        if scale_is_told(chain, plain_sgd):
            continue
        groups = {}
        # What normalisation or a sum follows may be of any size.
        closed = chain if chain[-1].is_output else chain[:-1]
        for link in closed:
            pair = _mismatch(link, len(chain) - 1)
            if pair is not None:
                groups.setdefault(pair, []).append(link)
        for (used, wanted), links in groups.items():
            yield _mismatched(used, wanted, links)


def _mismatch(link, hidden):
    used = drawn_by(link.kernel)
    wanted = fitting_initializer(link.activation)
    if None in (used, wanted) or used == wanted or not link.kernel.untrained:
        return None
    # Keras's own choice matters from the second hidden layer on.
    own = isinstance(link.kernel.initializer, keras.initializers.GlorotUniform)
    return None if own and hidden < 2 else (used, wanted)


def _mismatched(used, wanted, links):
    first = links[0]
    kernel = first.kernel
    fitting = drawn_rms(wanted, kernel.fan_in, kernel.fan_out)
    line = layer_line(kernel.layer, kernel_initializer=f'"{wanted}"')
    activations = sorted({link.activation for link in links})
    return found(
        first.path,
        f"{FAMILIES[used]}'s initializer ({kernel.initializer_name}) with "
        f"{' and '.join(activations)} in {listed(one.path for one in links)}; "
        f"{FAMILIES[wanted]}'s was derived for that. The weights of "
        f"{first.path} have size {kernel.rms:.3g} in place of {fitting:.3g}.",
        line + _likewise(links),
        [Repair("initializer", wanted, link.path) for link in links],
    )


def _likewise(links):
    others = listed(one.path for one in links[1:])
    return f": likewise for {others}." if others else ""


_SMALL = (
    "small = keras.initializers.RandomNormal(stddev=0.01, seed=0)\n"
    'hidden = {"activation": "relu", "kernel_initializer": small}'
)


@rule(
    "I104",
    name="signals or gradients lost on the way",
    topic="initialization",
    severity="warning",
    confidence=0.6,
    needs=("graph",),
    bad=program(
        *["Dense(32, **hidden)"] * 3,
        "Dense(1)",
        data=_SMALL,
        inputs="(16,)",
        loss="mse",
    ),
    good=program(
        *["Dense(32, **hidden)"] * 3,
        "Dense(1)",
        data=_HE,
        inputs="(16,)",
        loss="mse",
    ),
    reference="https://arxiv.org/abs/1611.01232",
)
def signal_lost(subject):
    """The kernels of a plain chain shrink or multiply what passes.

    From the size of each kernel and the activation behind it follows how large
    the signal is behind each layer, and what is left of the gradient in front
    of it. Far below 1 the first layers stand still, far above it training
    diverges: a thousandth counts where SGD without momentum trains the network
    or a kernel is ten times too small, else a hundred-thousandth. It is a
    finding only where the initializers that fit the activations would help;
    trained kernels are left alone.
    """
    plain_sgd = is_plain_sgd(subject.compiled)
    for chain in subject.network.chains:
        lost = lost_signal(chain, plain_sgd)
        if lost is None:
            continue
        unfit = [
            one for one in chain if drawn_by(one.kernel) != fitting_of(one)
        ]
        first = unfit[0]
        name = fitting_of(first)
        line = layer_line(first.kernel.layer, kernel_initializer=f'"{name}"')
        yield found(
            first.path,
            f"{lost} through the {len(chain)} layers from {chain[0].path} to "
            f"{chain[-1].path} (weights of size {first.kernel.rms:.2g} by "
            f"{first.kernel.initializer_name} in {first.path}).",
            f"{line}{_likewise(unfit)}",
            [Repair("initializer", fitting_of(one), one.path) for one in unfit],
        )


@rule(
    "I106",
    name="biases where the activation is flat",
    topic="initialization",
    severity="warning",
    confidence=0.6,
    needs=("graph",),
    bad=program(
        'Dense(32, activation="relu", bias_initializer=low)',
        "Dense(1)",
        data="low = keras.initializers.Constant(-10.0)",
        inputs="(16,)",
        loss="mse",
    ),
    good=program(
        'Dense(32, activation="relu")', "Dense(1)", inputs="(16,)", loss="mse"
    ),
    reference="https://arxiv.org/abs/1903.06733",
)
def bias_initializer(subject):
    """The biases of a hidden layer begin where its activation is flat.

    A large negative bias keeps a ReLU at 0 for nearly every input, a large one
    of either sign saturates tanh and sigmoid: there is no gradient to leave by.
    The output layer's bias may be large: it can hold how frequent a class is.
    """
    network = subject.network
    for kernel in network.kernels:
        bias = _constant_bias(kernel)
        if not bias or kernel.node is None or kernel.node.kind == "recurrent":
            continue
        activation = network.effective_activation(kernel.node)
        flat = _flat(activation, bias, kernel.gain_in)
        if flat is None or makes_output(network, kernel.node):
            continue
        yield found(
            kernel.path,
            f"Its biases begin at {bias:g}, to which inputs of size 1 add "
            f"{kernel.gain_in:.2g}: {flat}.",
            layer_line(kernel.layer, bias_initializer='"zeros"'),
        )


def _constant_bias(kernel):
    bias = getattr(kernel.layer, "bias", None)
    if kernel.name != "kernel" or not isinstance(bias, keras.Variable):
        return None
    values = to_numpy(bias)
    if values.ndim != 1:
        return None
    return float(values[0]) if (values == values[0]).all() else None


def _flat(activation, bias, size):
    share = statistics.NormalDist(bias, max(size, 1e-9)).cdf(0)
    if activation in _DYING and share > _DEAD_SHARE:
        return f"{activation} returns 0 for {share:.0%} of them"
    if activation in _SATURATING and abs(bias) > _SATURATED + size:
        return f"{activation} is saturated for nearly all of them"
    return None

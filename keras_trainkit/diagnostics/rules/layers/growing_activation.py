"""Rules about hidden activations that may grow without bound."""

from keras_trainkit.diagnostics.facts.chains import place_of
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.lines import layer_line
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule

_RELUS = ("relu", "relu6")
_LONG = 100
_RELU, _TANH = '"relu"', '"tanh"'


@rule(
    "A106",
    name="ReLU in a recurrent layer",
    topic="activation",
    severity="advice",
    confidence=0.4,
    needs=("graph",),
    bad=program(
        'LSTM(32, activation="relu")', "Dense(1)", inputs="(24, 1)", loss="mse"
    ),
    good=program("LSTM(32)", "Dense(1)", inputs="(24, 1)", loss="mse"),
    reference="https://arxiv.org/abs/1504.00941",
)
def recurrent_relu(subject):
    """ReLU as the activation of a recurrent layer.

    Its state is then not bounded, and may multiply from step to step until it
    is NaN; the fast kernels of GPUs are left, too. Over long sequences, without
    clipped gradients, it is a warning.
    """
    clips = subject.compiled is not None and subject.compiled.clips
    for node in subject.network.nodes:
        if node.kind != "recurrent" or node.activation not in _RELUS:
            continue
        steps = _steps(subject, node)
        over = f" over {steps} steps" if steps else ""
        long = steps is not None and steps >= _LONG and not clips
        yield found(
            node.path,
            f"{node.activation} in a recurrent layer: its state is not "
            f"bounded and may grow{over}.",
            f"{layer_line(node.core, activation=_TANH)}, Keras's "
            "default; or an optimizer with clipnorm=1.0.",
            [Repair("activation", "tanh", node.path)],
            severity="warning" if long else None,
        )


def _steps(subject, node):
    shape = node.before[0].shape if node.before else None
    if shape is None:
        inputs = getattr(subject.model, "inputs", None) or ()
        shape = inputs[0].shape if len(inputs) == 1 else ()
    return shape[1] if len(shape) > 2 else None


@rule(
    "A108",
    name="an exponential in a hidden layer",
    topic="activation",
    severity="warning",
    confidence=0.6,
    needs=("graph",),
    bad=program('Dense(32, activation="exponential")', "Dense(1)", loss="mse"),
    good=program('Dense(32, activation="relu")', "Dense(1)", loss="mse"),
)
def exponential_inside(subject):
    """An exponential multiplies what the next layer gets.

    An input of 10 becomes 22 026, and of 90 more than float32 can hold; two in
    a row leave its range at 5. Gradients are as large. An exponential belongs
    to the output of a rate or a scale, if anywhere.
    """
    for node in subject.network.hidden:
        activation = subject.network.effective_activation(node)
        if node.kind in ("dense", "conv") and activation == "exponential":
            yield found(
                node.path,
                f"exponential behind a hidden layer of {node.units} units: "
                "what is 10 in front of it is 22 026 behind it.",
                layer_line(node.core, activation=_RELU),
                [Repair("activation", "relu", place_of("exponential", node))],
            )

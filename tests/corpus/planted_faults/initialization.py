"""Kernels and biases that start in the wrong place."""

from keras import initializers
from keras import layers

from tests.corpus.planted_faults.common import fault
from tests.corpus.planted_faults.common import hidden
from tests.corpus.planted_faults.common import on_digits
from tests.corpus.planted_faults.common import on_houses
from tests.corpus.planted_faults.common import sequential


def zero_kernels():
    model = sequential(
        (64,),
        hidden(64, kernel_initializer="zeros", name="hidden_1"),
        hidden(64, kernel_initializer="zeros", name="hidden_2"),
        layers.Dense(10, "softmax"),
    )
    return on_digits(
        model,
        fault(
            "initialization", "hidden_1", "All units start at zero and stay."
        ),
    )


def constant_kernel():
    model = sequential(
        (5,),
        hidden(
            32,
            "tanh",
            name="hidden",
            kernel_initializer=initializers.Constant(0.1),
        ),
        layers.Dense(1),
    )
    return on_houses(
        model,
        fault("initialization", "hidden", "All units learn the same thing."),
    )


def ones_in_a_deep_net():
    model = sequential(
        (64,),
        hidden(50, kernel_initializer="ones", name="first"),
        hidden(50, kernel_initializer="ones", name="second"),
        hidden(50, kernel_initializer="ones", name="third"),
        layers.Dense(10, "softmax"),
    )
    return on_digits(
        model,
        fault(
            "initialization numerics",
            "first",
            "Kernels of ones: equal units, and activations in the thousands.",
        ),
    )


def far_too_wide_normal():
    wide = initializers.RandomNormal(stddev=1.0)
    model = sequential((64,))
    for number in range(5):
        model.add(hidden(100, kernel_initializer=wide, name=f"hidden_{number}"))
    model.add(layers.Dense(10, "softmax"))
    return on_digits(
        model,
        fault(
            "initialization numerics",
            "hidden_0",
            "Deviation 1 with 100 inputs: activations grow tenfold a layer.",
        ),
    )


def far_too_narrow_normal():
    narrow = initializers.RandomNormal(stddev=0.001)
    model = sequential((64,))
    for number in range(6):
        model.add(hidden(80, kernel_initializer=narrow, name=f"low_{number}"))
    model.add(layers.Dense(10, "softmax"))
    return on_digits(
        model,
        fault(
            "initialization",
            "low_0",
            "Kernels near zero: signal and gradient vanish in six layers.",
        ),
    )


def uniform_zero_to_one():
    """Positive weights only: what NumPy's `rand` gives."""
    positive = initializers.RandomUniform(0.0, 1.0)
    model = sequential(
        (64,),
        hidden(128, "sigmoid", name="hidden_1", kernel_initializer=positive),
        hidden(128, "sigmoid", name="hidden_2", kernel_initializer=positive),
        layers.Dense(10, "softmax", kernel_initializer=positive),
    )
    return on_digits(
        model,
        fault(
            "initialization activation",
            "hidden_1",
            "Positive kernels of mean 0.5 saturate every sigmoid.",
        ),
    )


def deep_relu_with_glorot():
    model = sequential((64,))
    for number in range(20):
        model.add(layers.Dense(64, "relu", name=f"layer_{number}"))
    model.add(layers.Dense(10, "softmax"))
    return on_digits(
        model,
        fault(
            "initialization normalization architecture",
            "layer_0",
            "Twenty ReLU layers on Glorot kernels: the signal fades away.",
        ),
    )


def selu_with_glorot():
    model = sequential((5,))
    for number in range(12):
        model.add(layers.Dense(40, "selu", name=f"selu_{number}"))
    model.add(layers.Dense(1))
    return on_houses(
        model,
        fault(
            "initialization activation",
            "selu_0",
            "SELU keeps its scale with LeCun normal kernels alone.",
        ),
    )


def loud_output_layer():
    loud = initializers.RandomNormal(stddev=5.0)
    model = sequential(
        (64,),
        hidden(64),
        layers.Dense(10, "softmax", kernel_initializer=loud, name="classes"),
    )
    return on_digits(
        model,
        fault(
            "initialization",
            "classes",
            "The classifier starts sure of itself, with a loss of dozens.",
        ),
    )


def dead_by_bias():
    low = initializers.Constant(-10.0)
    model = sequential(
        (5,),
        hidden(64, bias_initializer=low, name="hidden"),
        hidden(64, name="hidden_2"),
        layers.Dense(1),
    )
    return on_houses(
        model,
        fault(
            "initialization activation",
            "hidden",
            "A bias of -10 leaves every ReLU at zero for every row.",
        ),
    )


PROGRAMS = {
    "zero_kernels": zero_kernels,
    "constant_kernel": constant_kernel,
    "ones_in_a_deep_net": ones_in_a_deep_net,
    "far_too_wide_normal": far_too_wide_normal,
    "far_too_narrow_normal": far_too_narrow_normal,
    "uniform_zero_to_one": uniform_zero_to_one,
    "deep_relu_with_glorot": deep_relu_with_glorot,
    "selu_with_glorot": selu_with_glorot,
    "loud_output_layer": loud_output_layer,
    "dead_by_bias": dead_by_bias,
}

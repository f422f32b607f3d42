"""Learning rates and optimizers, and what they may change."""

import keras
from keras import layers
from keras import optimizers

from tests.corpus import arrays
from tests.corpus.planted_faults.common import adam
from tests.corpus.planted_faults.common import fault
from tests.corpus.planted_faults.common import hidden
from tests.corpus.planted_faults.common import on_digits
from tests.corpus.planted_faults.common import on_houses
from tests.corpus.planted_faults.common import sequential
from tests.corpus.program import Program


def _classifier():
    return sequential((64,), hidden(), hidden(), layers.Dense(10, "softmax"))


def _regressor():
    return sequential((5,), hidden(), layers.Dense(1))


def adam_at_one():
    return on_digits(
        _classifier(),
        fault("learning_rate", "", "Adam at 1: each weight moves by 1."),
        optimizer=adam(1.0),
    )


def adam_at_a_tenth():
    return on_digits(
        _classifier(),
        fault("learning_rate", "", "Adam at 0.1, a hundredfold of the usual."),
        optimizer=adam(0.1),
    )


def adam_at_a_millionth():
    return on_houses(
        _regressor(),
        fault(
            "learning_rate epochs", "", "650 steps of a millionth get nowhere."
        ),
        optimizer=adam(1e-6),
    )


def sgd_at_ten():
    return on_digits(
        _classifier(),
        fault("learning_rate", "", "SGD at 10 jumps out of every valley."),
        optimizer=optimizers.SGD(10.0),
    )


def sgd_at_a_hundred_thousandth():
    return on_digits(
        _classifier(),
        fault("learning_rate optimizer epochs", "", "SGD at 1e-5 stands."),
        optimizer=optimizers.SGD(1e-5),
    )


def rmsprop_at_one_half():
    return on_houses(
        _regressor(),
        fault("learning_rate", "", "RMSprop at 0.5."),
        optimizer=optimizers.RMSprop(0.5),
    )


def momentum_of_almost_one():
    return on_digits(
        _classifier(),
        fault(
            "optimizer learning_rate",
            "",
            "Momentum 0.999 multiplies the rate of 0.1 by a thousand.",
        ),
        optimizer=optimizers.SGD(0.1, momentum=0.999),
    )


def adadelta_at_its_default():
    """The paper's rate is 1; Keras's default is 0.001."""
    return on_digits(
        _classifier(),
        fault(
            "learning_rate optimizer",
            "",
            "Adadelta at 0.001 hardly moves a weight.",
        ),
        optimizer="adadelta",
    )


def rate_that_dies_at_once():
    rate = optimizers.schedules.ExponentialDecay(0.01, 1, 0.9)
    return on_houses(
        _regressor(),
        fault(
            "learning_rate optimizer",
            "",
            "The rate loses a tenth each step, not each epoch.",
        ),
        optimizer=optimizers.SGD(rate, momentum=0.9),
    )


def recurrent_without_clipping():
    series = arrays.temperatures()
    x, y = arrays.windows((series - series.mean()) / series.std(), 60)
    model = sequential(
        (60, 1),
        layers.SimpleRNN(64, return_sequences=True, name="rnn_1"),
        layers.SimpleRNN(64, name="rnn_2"),
        layers.Dense(1),
    )
    model.compile(optimizers.SGD(0.3, momentum=0.9), "mse")
    return Program(
        model,
        x[:500],
        y[:500],
        epochs=20,
        validation_data=(x[500:], y[500:]),
        task="regression",
        faults=(
            fault(
                "optimizer learning_rate numerics",
                "",
                "A plain RNN over 60 steps, a high rate, and no clipping.",
            ),
        ),
    )


def plain_descent_on_a_deep_net():
    model = sequential((64,))
    for number in range(12):
        model.add(layers.Dense(48, "tanh", name=f"tanh_{number}"))
    model.add(layers.Dense(10, "softmax"))
    return on_digits(
        model,
        fault(
            "optimizer learning_rate normalization activation architecture",
            "",
            "SGD at 0.001 without momentum on twelve tanh layers.",
        ),
        optimizer=optimizers.SGD(0.001),
    )


def nothing_trainable():
    model = _classifier()
    model.trainable = False
    return on_digits(
        model, fault("optimizer architecture", "", "Every layer is frozen.")
    )


def freed_after_compile():
    """The base was meant to be fine-tuned; `compile` came too early."""
    base = sequential((64,), hidden(name="base_1"), hidden(name="base_2"))
    base.trainable = False
    model = sequential((64,), base, layers.Dense(10, "softmax"))
    program = on_digits(
        model,
        fault(
            "optimizer architecture",
            "",
            "The base was set free after compile, which keeps it frozen.",
        ),
    )
    base.trainable = True
    return program


def clipped_to_nothing():
    return on_houses(
        _regressor(),
        fault(
            "optimizer learning_rate numerics",
            "",
            "A clipnorm of 1e-4 with SGD: steps of a millionth.",
        ),
        optimizer=keras.optimizers.SGD(0.01, clipnorm=1e-4),
    )


PROGRAMS = {
    "adam_at_one": adam_at_one,
    "adam_at_a_tenth": adam_at_a_tenth,
    "adam_at_a_millionth": adam_at_a_millionth,
    "sgd_at_ten": sgd_at_ten,
    "sgd_at_a_hundred_thousandth": sgd_at_a_hundred_thousandth,
    "rmsprop_at_one_half": rmsprop_at_one_half,
    "momentum_of_almost_one": momentum_of_almost_one,
    "adadelta_at_its_default": adadelta_at_its_default,
    "rate_that_dies_at_once": rate_that_dies_at_once,
    "recurrent_without_clipping": recurrent_without_clipping,
    "plain_descent_on_a_deep_net": plain_descent_on_a_deep_net,
    "nothing_trainable": nothing_trainable,
    "freed_after_compile": freed_after_compile,
    "clipped_to_nothing": clipped_to_nothing,
}

"""The data of the small programs that explain the rules of the family D."""

from keras_trainkit.diagnostics.rules.examples import program

_HIDDEN = 'Dense(8, activation="relu")'
_WIDE = 'Dense(32, activation="relu")'
_FLAT = 'Dense(8, activation="sigmoid")'
_LINEAR = "Dense(1)"
_RELU = 'Dense(1, activation="relu")'
_SIGMOID = 'Dense(1, activation="sigmoid")'
_BINARY = "binary_crossentropy"
_SQUARED = {"loss": "mean_squared_error"}
_BIASED = (
    'Dense(8, activation="{}", '
    "bias_initializer=keras.initializers.Constant({}))"
)
_NUMBERS = """\
rng = np.random.default_rng(0)
x = rng.normal(size=(64, 4))"""


def _trained(
    *layers,
    optimizer,
    y="",
    loss=_BINARY,
    epochs=12,
    batch_size=4,
    also="",
    **more,
):
    """Returns the source of a program that is trained.

    Args:
        *layers: As for `program`. Defaults to a hidden layer and a sigmoid.
        optimizer: The optimizer as code, after `keras.optimizers.`.
        y: The targets as code. Defaults to two classes.
        loss: Name of the loss. Defaults to binary cross-entropy.
        epochs: Integer. Defaults to 12.
        batch_size: Integer. Defaults to 4.
        also: Further lines. Defaults to none.
        **more: Further arguments of `compile`, as code.
    """
    lines = [_NUMBERS, f"y = {y or '(x[:, :1] > 0) * 1.0'}"]
    lines += [also] if also else []
    lines.append(f"epochs, batch_size = {epochs}, {batch_size}")
    return program(
        *(layers or (_HIDDEN, _SIGMOID)),
        loss=loss,
        optimizer=f"keras.optimizers.{optimizer}",
        data="\n".join(lines),
        **more,
    )


def _line(optimizer, *layers, y="2.0 * x[:, :1]", **more):
    """Returns the source of a regression, of a linear model by default."""
    layers = layers or (_LINEAR,)
    return _trained(*layers, optimizer=optimizer, y=y, **_SQUARED, **more)


# Of one update a hundred times as large as the others.
_JUMP = (
    "SGD(\n    keras.optimizers.schedules.PiecewiseConstantDecay(\n"
    "        [8, 9], [0.1, 10.0, 0.1]\n    )\n)"
)
_CURVED = "x[:, :1] + x[:, 1:2] ** 2"
_NOUGHT_OR_TWO = "2.0 * (x[:, :1] > 0)"
_NEGATIVE = "-1 - x[:, :1] ** 2"
_GOOD = _trained(optimizer="Adam(0.01)")
_PAIRS = {
    "D101": (_line("SGD(2.0)", _HIDDEN, _LINEAR), _line("SGD(0.05)")),
    "D102": (_trained(optimizer="SGD(1e-7)"), _GOOD),
    "D103": (
        _trained(optimizer="SGD(1e-4)"),
        _trained(optimizer="SGD(0.1)"),
    ),
    "D104": (_trained(optimizer="Adam(0.001)"), _line("Adam(0.1)")),
    "D105": (_line("SGD(0.6)", epochs=3), _line("SGD(0.05)", epochs=3)),
    "D106": (
        _line("SGD(1.0, momentum=0.99)", epochs=16, batch_size=64),
        _line("SGD(0.1, momentum=0.5)", epochs=16, batch_size=64),
    ),
    "D107": (
        _line(_JUMP, epochs=16, batch_size=64),
        _line("SGD(0.1)", epochs=16, batch_size=64),
    ),
    "D108": (
        _line("Adam(0.01)", metrics='["accuracy"]'),
        _line("Adam(0.01)", metrics='["mae"]'),
    ),
    "D109": (
        _trained(
            'Dense(64, activation="relu")',
            _SIGMOID,
            optimizer="Adam(0.03)",
            y="(rng.random((64, 1)) > 0.5) * 1.0",
            epochs=14,
            also="validation_data = x[:32] + 1, 1 - y[:32]",
        ),
        _trained(
            optimizer="Adam(0.01)",
            epochs=14,
            also="validation_data = x[:32] + 0.1, y[:32]",
        ),
    ),
    "D110": (
        _line("SGD(0.02)", y=_CURVED, epochs=14),
        _line("Adam(0.01)", _WIDE, _LINEAR, y=_CURVED, epochs=14),
    ),
    "D111": (
        _line("Adam(0.01)", _HIDDEN, _RELU, y=_NEGATIVE),
        _line("Adam(0.01)", _HIDDEN, _LINEAR, y=_NEGATIVE),
    ),
    "D112": (
        _trained(
            _BIASED.format("relu", -50.0), _SIGMOID, optimizer="Adam(0.01)"
        ),
        _GOOD,
    ),
    "D113": (
        _trained(
            _BIASED.format("sigmoid", 50.0), _SIGMOID, optimizer="Adam(0.01)"
        ),
        _trained(_FLAT, _SIGMOID, optimizer="Adam(0.05)"),
    ),
    "D114": (
        _trained(*[_FLAT] * 12, _SIGMOID, optimizer="SGD(0.01)"),
        _trained(*[_HIDDEN] * 8, _SIGMOID, optimizer="Adam(0.01)"),
    ),
    "D115": (_line("SGD(1e-9)", y="1e6 * x[:, :1]"), _line("SGD(0.05)")),
    "D116": (_trained(optimizer="SGD(1e-8)"), _GOOD),
    "D117": (
        _line("Adam(0.01)", _HIDDEN, _RELU),
        _line("Adam(0.01)", _HIDDEN, _LINEAR),
    ),
    "D118": (
        _line("Adam(0.05)", _HIDDEN, _SIGMOID, y=_NOUGHT_OR_TWO),
        _line("Adam(0.05)", _HIDDEN, _LINEAR, y=_NOUGHT_OR_TWO),
    ),
}
PROGRAMS = {
    code: {"bad": bad, "good": good} for code, (bad, good) in _PAIRS.items()
}
"""`{code: the arguments "bad" and "good" of its rule}`."""

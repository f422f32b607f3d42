"""The rule on learning one batch by heart."""

from keras_trainkit.diagnostics.facts.passes.overfitting import overfitting
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule

_DATA = (
    "rng = np.random.default_rng(0)\n"
    'x = rng.normal(size=(200, 4)).astype("float32")\n'
    "y = x[:, :1] * x[:, 1:2]\n"
    "overfit = True\n"
)


@rule(
    "F110",
    name="one batch cannot be learnt",
    topic="architecture",
    severity="warning",
    confidence=0.8,
    needs=("first_pass", "compiled"),
    bad=program(
        'Dense(16, activation="relu")',
        "GaussianNoise(0.1)",
        "Dense(1)",
        loss="mse",
        optimizer="keras.optimizers.SGD(3e-6)",
        data=_DATA,
    ),
    good=program(
        'Dense(64, activation="relu")',
        'Dense(64, activation="relu")',
        "Dense(1)",
        loss="mse",
        optimizer="keras.optimizers.Adam(3e-3)",
        data=_DATA,
    ),
    reference="https://karpathy.github.io/2019/04/25/recipe/",
)
def cannot_overfit(subject):
    """A copy of the network cannot learn 16 rows by heart.

    Only with `check_model(..., overfit=True)`: 400 updates on the same rows,
    without dropout, noise and regularizers. What can learn anything learns
    this. If the copy fails and one that Adam trains does not, the optimizer or
    its rate is at fault, and else the network or its loss.
    """
    if not subject.overfit:
        return
    seen = overfitting(subject)
    if seen is None or seen.learnt:
        return
    said = (
        f"After {seen.steps} updates on the same {seen.rows} rows the loss is "
        f"{seen.end:.3g}, where the best constant answer has {seen.start:.3g}"
    )
    if seen.learnt_with_adam:
        yield found(
            "",
            f"{said}; with Adam(0.003) it is {seen.with_adam:.3g}.",
            "Use another learning rate: `keras_trainkit.tuning."
            "find_learning_rate(model, x, y)` looks for it.",
            [Repair("optimizer", "adam"), Repair("learning_rate", 0.003)],
            topic="learning_rate",
        )
        return
    yield found(
        "",
        f"{said}; with Adam(0.003) it is {seen.with_adam:.3g}.",
        "Give the layers more units, a ReLU between them and an output that "
        "fits the loss, until this small batch can be learnt.",
    )

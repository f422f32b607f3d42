"""The experiments that are worth making with a network that does not learn."""

import dataclasses

_REPAIR = (
    "ktk.diagnostics.apply_repairs(\n"
    "    model, [ktk.diagnostics.Repair({repair})], x, y\n"
    ").fit(epochs=10)"
)


@dataclasses.dataclass(frozen=True)
class Step:
    """An experiment.

    Attributes:
        name: In two or three words.
        what: What to do.
        why: What it tells, or what it is against.
        code: The lines to run: `model`, `x`, `y`, `report` are yours.
        expect: The change to expect, and what to think without it.
        finding: Code of the finding that it is the fix of, or `""`.
    """

    name: str
    what: str
    why: str
    code: str
    expect: str
    finding: str = ""


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A `Step` of the procedure, and what it is against.

    Attributes:
        step: The `Step`.
        topics: Topics of findings that speak for it.
        signs: What speaks for it in the curves: see `signs.SIGNS`.
    """

    step: Step
    topics: tuple
    signs: tuple


def _made(repair):
    return _REPAIR.format(repair=repair)


PROCEDURE = (
    Experiment(
        Step(
            "overfit one batch",
            "Train on a handful of rows until they are known by heart.",
            "A network that cannot has a fault in its layers, its loss or its "
            "targets; more data, more epochs or less overfitting cannot help.",
            "print(ktk.diagnostics.check_model(model, x, y, overfit=True))",
            "The loss falls to nearly 0 and no finding is about it.",
        ),
        ("architecture", "activation", "loss", "numerics"),
        ("flat", "not finite", "underfits"),
    ),
    Experiment(
        Step(
            "the two commonest classes",
            "Train on the rows of the two commonest classes alone.",
            "An easier task: if it is learnt, layers and loss are sound and "
            "the classes or their numbers are the difficulty.",
            "names, counts = np.unique(y, return_counts=True)\n"
            "rows = np.isin(y, names[counts.argsort()[-2:]]).reshape(-1)\n"
            "ktk.transfer.clone(model).fit(x[rows], y[rows], epochs=10)",
            "Far better than guessing within a few epochs; then add class by "
            "class.",
        ),
        ("data",),
        ("accuracy stands still", "flat"),
    ),
    Experiment(
        Step(
            "start small and grow",
            "Train on a few hundred rows, then on twice as many, and so on.",
            "It is quick, and the size at which learning breaks down tells "
            "what is missing: capacity, updates or clean data.",
            "ktk.transfer.clone(model).fit(x[:200], y[:200], epochs=50)",
            "Few rows are learnt quickly; where more are not, add units, then "
            "layers.",
        ),
        ("architecture",),
        ("underfits",),
    ),
    Experiment(
        Step(
            "change output or loss",
            "Let activation, units and loss follow from the targets.",
            "A loss that the output cannot lower is the commonest reason for "
            "a flat curve.",
            "print(ktk.diagnostics.check_model(\n"
            '    model, x, y, select=["L", "Y"]))',
            "The first loss is near log(classes), or near the variance of the "
            "targets, and falls from there.",
        ),
        ("loss", "activation"),
        ("flat", "accuracy stands still"),
    ),
    Experiment(
        Step(
            "standardise",
            "Put a Normalization layer, adapted on x, in front.",
            "Inputs far from mean 0 and deviation 1 saturate units and force "
            "tiny learning rates.",
            _made('"standardize"'),
            "A faster fall from the first epoch on.",
        ),
        ("preprocessing", "data"),
        ("flat", "slow", "diverges", "swings", "not finite"),
    ),
    Experiment(
        Step(
            "another learning rate",
            "Search for the rate at which the loss falls fastest.",
            "Too low a rate looks like a network that cannot learn; too high "
            "a one swings, diverges or kills units.",
            "rate = ktk.tuning.find_learning_rate(model, x, y).suggestion()",
            "A steady fall; a rate a tenth or ten times yours says that yours "
            "was the fault.",
        ),
        ("learning_rate", "optimizer", "numerics"),
        ("flat", "slow", "diverges", "swings", "spikes", "not finite"),
    ),
    Experiment(
        Step(
            "rebalance",
            "Let every class count alike.",
            "With one class far ahead, answering it always is a good score.",
            _made('"class_weight"'),
            "Rare classes are found, at some cost in accuracy; predicted "
            "probabilities then need the true shares put back.",
        ),
        ("data",),
        ("accuracy stands still",),
    ),
    Experiment(
        Step(
            "Nesterov momentum",
            "SGD with Nesterov momentum in place of an adaptive optimizer.",
            "Adaptive steps can end in worse minima or swing late; SGD with "
            "momentum is slower and often ends better.",
            'sgd = {"name": "SGD", "learning_rate": 0.01, "momentum": 0.9}\n'
            'sgd["nesterov"] = True\n' + _made('"optimizer", sgd'),
            "A smoother curve and a better validation loss, after more epochs.",
        ),
        ("optimizer",),
        ("swings", "spikes", "overfits"),
    ),
    Experiment(
        Step(
            "batch and rate together",
            "Four times the batch with four times the rate.",
            "Steps of the same size on average, with half the noise.",
            "rate = 4 * float(model.optimizer.learning_rate)\n"
            'larger = ktk.diagnostics.Repair("batch_size", 128)\n'
            'faster = ktk.diagnostics.Repair("learning_rate", rate)\n'
            "ktk.diagnostics.apply_repairs(\n"
            "    model, [larger, faster], x, y\n"
            ").fit(epochs=10)",
            "Less swinging at the same speed.",
        ),
        ("batch_size",),
        ("swings", "spikes"),
    ),
    Experiment(
        Step(
            "regularise",
            "Weight decay first, then dropout, then a smaller network.",
            "The network learns its rows by heart.",
            "decay = keras.regularizers.L2(1e-4)\n"
            + _made('"regularizer", decay'),
            "Training gets worse, validation better: the gap closes.",
        ),
        ("regularization",),
        ("overfits", "gap"),
    ),
    Experiment(
        Step(
            "train longer",
            "Three times the epochs.",
            "Many networks that seem stuck have had too few updates.",
            _made('"epochs", 30').replace("fit(epochs=10)", "fit()"),
            "The loss goes on falling; a plateau that ends is common.",
        ),
        ("epochs",),
        ("still falls", "slow"),
    ),
)

"""What the values of the inputs are: the family X."""

import numpy as np

from keras_trainkit.diagnostics.facts.entrances import entrances
from keras_trainkit.diagnostics.facts.heads import heads
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import HALVES
from keras_trainkit.diagnostics.rules.examples import HIDDEN
from keras_trainkit.diagnostics.rules.examples import ROWS
from keras_trainkit.diagnostics.rules.examples import SIGMOID
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule
from keras_trainkit.kernels.data_facts.columns import size_fault


def _example(data, **more):
    more = {"loss": "binary_crossentropy"} | more
    return program(HIDDEN, SIGMOID, data=data, **more)


@rule(
    "X101",
    name="values that are no numbers",
    topic="data",
    severity="error",
    confidence=0.95,
    needs=("sample",),
    bad=_example(ROWS + HALVES + "x[3, 1] = np.nan"),
    good=_example(ROWS + HALVES + "x[3, 1] = np.nan\nx = np.nan_to_num(x)"),
)
def not_finite(subject):
    """One NaN or infinite value makes the loss NaN, and then all weights.

    Rows without a value are left out, or filled in with the feature's mean or
    median and a further feature that says so.
    """
    for name, count in subject.sample.non_finite.items():
        if count:
            kept = "np.isfinite(x.reshape(len(x), -1)).all(1)"
            yield found(
                "",
                f"{name} holds {count} values that are NaN or infinite.",
                f"keep = {kept.replace('x', name)}; x, y = x[keep], y[keep]",
            )


@rule(
    "X102",
    name="inputs that are not scaled",
    topic="preprocessing",
    severity="warning",
    confidence=0.6,
    needs=("sample",),
    bad=_example(ROWS + HALVES + "x = x * [1, 1, 500, 1] + [0, 0, 3000, 0]"),
    good=_example(
        ROWS
        + HALVES
        + "x = x * [1, 1, 500, 1] + [0, 0, 3000, 0]\n"
        + "x = (x - x.mean(axis=0)) / x.std(axis=0)"
    ),
    reference="http://yann.lecun.com/exdb/publis/pdf/lecun-98b.pdf",
)
def unscaled_inputs(subject):
    """Initial weights and customary learning rates are made for values near 1.

    Large inputs saturate a sigmoid or tanh in the first layer and make its
    gradients large, so that a step fits no other layer. Features of unlike
    sizes make the loss a narrow valley: the small ones are hardly learnt.
    Values near 0 give hardly any signal. A `Normalization`, `Rescaling` or
    `BatchNormalization` layer in the beginning takes care of it, and so do
    lines before `fit`.
    """
    for entrance in entrances(subject):
        if not entrance.takes_numbers or entrance.facts.tokens:
            continue
        kind = size_fault(entrance.facts)
        if kind is None:
            continue
        name = _name(subject, entrance)
        seen, fix = _scale(kind, entrance, name)
        yield found(
            entrance.changed_by or entrance.where,
            seen,
            fix,
            [_repair(kind, entrance)],
            confidence=_confidence(kind, subject),
        )


def _repair(kind, entrance):
    # A layer that makes them small is one too many.
    if kind == "small" and entrance.changed_by and abs(entrance.scale) < 1:
        return Repair("remove_layer", None, entrance.changed_by)
    return Repair("standardize", kind, entrance.where)


def _name(subject, entrance):
    several = len(subject.sample.x) > 1
    return f"x[{entrance.place}]" if several else "x"


def _confidence(kind, subject):
    if kind == "small":
        return 0.4
    plain = subject.compiled and subject.compiled.optimizer_name == "sgd"
    return 0.7 if plain or kind == "unlike" else 0.6


def _scale(kind, entrance, name):
    """Returns what was seen, and the line to write."""
    facts = entrance.facts
    span = f"from {facts.lowest.min():.4g} to {facts.highest.max():.4g}"
    axes = tuple(range(max(entrance.x.ndim - 1, 1)))
    axis = axes[0] if len(axes) == 1 else axes
    standard = (
        f"{name} = ({name} - {name}.mean(axis={axis})) / "
        f"({name}.std(axis={axis}) + 1e-8); or a "
        "keras.layers.Normalization(), adapted to x, as the first layer."
    )
    if kind == "pixels":
        return (
            f"{name} holds pixels {span} and goes into "
            f"{entrance.where} as it is.",
            f"{name} = {name} / 255; or keras.layers.Rescaling(1 / 255) as "
            "the first layer.",
        )
    if kind == "unlike":
        size = facts.size
        usual = float(np.median(size[~facts.constant]))
        return (
            f"The features of {name} are of unlike sizes: {usual:.3g} is "
            f"usual, feature {int(size.argmax())} has {size.max():.3g} "
            "(root mean square).",
            standard,
        )
    if kind == "large":
        return (
            f"{name} is large, {span} with a mean of "
            f"{facts.mean.mean():.4g}, and goes into {entrance.where} as "
            "it is.",
            standard,
        )
    scaled = " (was it scaled twice?)" if facts.lowest.min() >= 0 else ""
    return (
        f"What {entrance.where} gets of {name} is tiny, {span}{scaled}.",
        standard,
    )


@rule(
    "X103",
    name="categories as numbers",
    topic="preprocessing",
    severity="warning",
    confidence=0.6,
    needs=("sample",),
    bad=_example(
        "x = np.random.default_rng(0).integers(0, 900, size=(80, 12))\n"
        "y = np.arange(80) % 2",
        inputs="(12,)",
    ),
    good=program(
        "Embedding(900, 8)",
        "GlobalAveragePooling1D()",
        SIGMOID,
        loss="binary_crossentropy",
        inputs="(12,)",
        data="x = np.random.default_rng(0).integers(0, 900, size=(80, 12))\n"
        "y = np.arange(80) % 2",
    ),
)
def categories_as_numbers(subject):
    """A number that names something is no amount of it.

    Word 800 is not eight times word 100. Sequences of such numbers begin with
    an `Embedding`, categories of a table are one-hot (`CategoryEncoding`) or
    embedded.
    """
    for entrance in entrances(subject):
        if not (entrance.takes_numbers and entrance.facts.tokens):
            continue
        count = int(entrance.facts.highest.max()) + 1
        yield found(
            entrance.where,
            f"{_name(subject, entrance)} holds whole numbers from 0 to "
            f"{count - 1} in all of {entrance.facts.shape[0]} places, like "
            f"numbers of words, and {entrance.where} takes them as amounts.",
            f"keras.layers.Embedding({count}, 32) as the first layer.",
        )


@rule(
    "X104",
    name="features that never change",
    topic="data",
    severity="advice",
    confidence=0.3,
    needs=("sample",),
    bad=_example(ROWS + HALVES + "x[:, 2] = 1"),
    good=_example(ROWS + HALVES),
)
def constant_features(subject):
    """A feature that is the same in every row tells nothing.

    It acts as a second bias. Where all features are constant, all rows look
    alike, and nothing can be learnt: look at how `x` is made.
    """
    for entrance in entrances(subject):
        facts = entrance.facts
        if facts is None or len(entrance.x) < 4:
            continue
        constant = np.flatnonzero(facts.constant)
        name = _name(subject, entrance)
        if _all_alike(entrance.x):
            # One answer for one question can be learnt.
            if any(h.y is not None and _all_alike(h.y) for h in heads(subject)):
                continue
            yield found(
                entrance.where,
                f"All rows of {name} are the same: there is nothing to "
                "tell them apart by.",
                f"Look at how {name} is made.",
                severity="error",
                confidence=0.95,
            )
        elif entrance.takes_numbers and entrance.x.ndim == 2:
            # Borders of pictures are constant, and meant to be.
            features = len(facts.mean)
            if facts.pixels or not len(constant) or len(entrance.x) < 20:
                continue
            if features >= 64:
                continue
            shown = ", ".join(str(one) for one in constant[:5])
            yield found(
                entrance.where,
                f"{len(constant)} of {features} features of {name} "
                f"never change: {shown}.",
                f"{name} = {name}[:, {name}.std(axis=0) > 0]",
                severity="warning" if 2 * len(constant) > features else None,
            )


def _all_alike(x):
    return bool((x == x[:1]).all())

"""How much training there is: the family O."""

import math

import numpy as np

from keras_trainkit.diagnostics.facts.updates import RATES
from keras_trainkit.diagnostics.facts.updates import is_too_low
from keras_trainkit.diagnostics.facts.updates import least_travel
from keras_trainkit.diagnostics.facts.updates import shortage
from keras_trainkit.diagnostics.facts.updates import travel
from keras_trainkit.diagnostics.facts.updates import updates_of
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import HIDDEN
from keras_trainkit.diagnostics.rules.examples import SIGMOID
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule

XOR = (
    "x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])\n"
    "y = np.array([0, 1, 1, 0])\n"
)


def _xor(epochs, batch=4, optimizer="keras.optimizers.Adam(0.01)"):
    return program(
        HIDDEN,
        SIGMOID,
        loss="binary_crossentropy",
        optimizer=optimizer,
        inputs="(2,)",
        data=f"{XOR}epochs, batch_size = {epochs}, {batch}",
    )


@rule(
    "O108",
    name="too few updates in all",
    topic="epochs",
    severity="warning",
    confidence=0.5,
    needs=("compiled", "sample"),
    bad=_xor(10),
    good=_xor(500),
)
def too_few_updates(subject):
    """What a network learns depends on the updates, not on the epochs.

    An epoch of 4 rows is one update, one of 60,000 rows in batches of 32 is
    1,875. An update moves a weight by about the learning rate (Adam and its
    kin) or by the rate times the gradient (SGD), so the sum of the rates of
    all updates tells how far weights can get. Small networks have learnt half
    of it when that sum is near 0.3 with Adam, near 3 with SGD, and next to
    nothing below a tenth of that; problems of few rows, such as XOR, need ten
    times more.
    """
    short = shortage(subject)
    if short is None:
        return
    updates, rate, enough = short
    if _is_an_agents_batch(subject, updates):
        return
    name = subject.compiled.optimizer_name
    # Such a rate is told by itself, and no number of epochs makes up for it.
    if is_too_low(name, rate) and updates.count >= 200:
        return
    topic, fix, repair = _remedy(subject, updates, rate, enough)
    far = travel(subject) * 5 < least_travel(subject)
    yield found(
        "",
        f"{updates.epochs} epochs of {updates.steps} updates are "
        f"{updates.count} in all, with a rate of {rate:.3g}: next to nothing "
        "can be learnt in them.",
        fix,
        [repair],
        topic=topic,
        confidence=0.65 if far else None,
    )


def _is_an_agents_batch(subject, updates):
    """Whether it may be one of many calls of `fit`, on values of an agent."""
    small = updates.steps <= 4 and subject.rows <= 128
    losses = [loss for loss in subject.compiled.loss if loss is not None]
    values = not any(loss.is_classification for loss in losses)
    return updates.epochs == 1 and small and values


def _remedy(subject, updates, rate, enough):
    """Returns `(topic, fix, repair)`."""
    compiled = subject.compiled
    usual = RATES.get(compiled.optimizer_name, (0, 1e-3, 0))[1]
    if compiled.scheduled and rate * updates.count >= 3 * least_travel(subject):
        last = compiled.rate_at(updates.count - 1)
        fix = (
            f"A schedule that lasts for the {updates.count} updates: this "
            f"one falls from {compiled.learning_rate:.3g} to {last:.3g}."
        )
        repair = Repair("learning_rate", compiled.learning_rate)
        return "learning_rate", fix, repair
    low = rate < usual / 5 and not is_too_low(compiled.optimizer_name, rate)
    if low and usual * updates.count >= 2 * least_travel(subject):
        fix = f"learning_rate={usual:g}, the customary one."
        return "learning_rate", fix, Repair("learning_rate", usual)
    rows = subject.rows
    if rows and updates.steps == 1 and rows >= 64:
        wanted = 32 if rows >= 128 else 8
        fix = (
            f"batch_size={wanted}: {math.ceil(rows / wanted)} updates an "
            "epoch instead of one."
        )
        return "batch_size", fix, Repair("batch_size", wanted)
    needed = math.ceil(enough / (max(rate, usual / 5) * updates.steps))
    epochs = max(_rounded(needed), 2 * updates.epochs)
    fix = f"epochs={epochs}, and look at the loss until it is flat."
    return "epochs", fix, Repair("epochs", epochs)


def _rounded(count):
    digits = 10 ** max(len(str(count)) - 1, 0)
    return math.ceil(count / digits) * digits


@rule(
    "O112",
    name="a schedule that ends long before the training",
    topic="learning_rate",
    severity="warning",
    confidence=0.5,
    needs=("compiled", "sample"),
    bad=_xor(
        1000,
        optimizer="keras.optimizers.Adam(\n"
        "    keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)\n)",
    ),
    good=_xor(
        1000,
        optimizer="keras.optimizers.Adam(\n"
        "    keras.optimizers.schedules.ExponentialDecay(0.1, 500, 0.5)\n)",
    ),
)
def early_end(subject):
    """Behind the end of a schedule the weights stand still.

    Its steps count updates, not epochs: 1000 of them may be a small part of the
    training. Where the rate has fallen to a hundredth after a quarter of the
    updates, the other three quarters are wasted.
    """
    compiled, updates = subject.compiled, updates_of(subject)
    if updates is None or compiled.optimizer is None or not compiled.scheduled:
        return
    if shortage(subject) is not None or updates.count < 40:
        return
    spread = np.linspace(0, updates.count // 4, 20).astype(int)
    highest = max(compiled.rate_at(int(place)) for place in spread)
    later = max(
        compiled.rate_at(int(updates.count * part)) for part in (0.25, 0.5, 0.9)
    )
    if 0 <= later < 0.01 * highest:
        yield found(
            "",
            f"The learning rate falls from {highest:.3g} to {later:.3g} in the "
            f"first quarter of {updates.count} updates, {updates.steps} an "
            "epoch.",
            f"A schedule that lasts for the {updates.count} updates: its "
            "steps count batches, not epochs.",
            [Repair("learning_rate", highest)],
        )

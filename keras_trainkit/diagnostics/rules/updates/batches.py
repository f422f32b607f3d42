"""Batches of one row and of all: the family O."""

from keras_trainkit.diagnostics.facts.updates import RATES
from keras_trainkit.diagnostics.facts.updates import effective_rate
from keras_trainkit.diagnostics.facts.updates import gentleness
from keras_trainkit.diagnostics.facts.updates import shortage
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.rules.examples import HIDDEN
from keras_trainkit.diagnostics.rules.examples import SIGMOID
from keras_trainkit.diagnostics.rules.examples import program
from keras_trainkit.diagnostics.rules.registry import found
from keras_trainkit.diagnostics.rules.registry import rule

# Batches of 32 rows allow rates as many times as high as one row does.
_NOISY = 32


@rule(
    "O109",
    name="batches of one row",
    topic="batch_size",
    severity="advice",
    confidence=0.25,
    needs=("sample",),
    bad=program(
        HIDDEN,
        SIGMOID,
        loss="binary_crossentropy",
        data="x = np.random.default_rng(0).normal(size=(300, 4))\n"
        "y = (x[:, 0] > 0).astype(int)\n"
        "batch_size = 1",
    ),
    good=program(
        HIDDEN,
        SIGMOID,
        loss="binary_crossentropy",
        data="x = np.random.default_rng(0).normal(size=(300, 4))\n"
        "y = (x[:, 0] > 0).astype(int)\n"
        "batch_size = 32",
    ),
)
def batches_of_one(subject):
    """The gradient of one row is mostly noise, and one row a step is slow.

    The noise grows with the rate: at 32 times the usual one, which batches of
    32 rows may bear, the loss does not settle. Stateful recurrent layers that
    need one row are meant to have it.
    """
    size = subject.batch_size or subject.sample.batch_size
    if size != 1 or (subject.rows or 0) < 100:
        return
    nodes = subject.network.nodes
    if any(getattr(node.core, "stateful", False) for node in nodes):
        return
    # A single layer, and recurrent ones, are often trained so, and learn.
    recurrent = any(node.kind == "recurrent" for node in nodes)
    deep = subject.network.depth > 1 and not recurrent
    compiled, rate = subject.compiled, effective_rate(subject)
    usual = RATES.get(compiled.optimizer_name) if compiled else None
    noisy = usual is not None and rate is not None
    noisy = noisy and rate * gentleness(subject) >= _NOISY * usual[1]
    yield found(
        "",
        f"Every one of {subject.rows} rows is a batch of its own"
        + (f", at a rate of {rate:g}." if noisy else "."),
        "batch_size=32",
        [Repair("batch_size", 32)],
        severity="warning" if noisy and deep else None,
    )


@rule(
    "O110",
    name="one batch of all rows",
    topic="batch_size",
    severity="advice",
    confidence=0.25,
    needs=("sample",),
    bad=program(
        HIDDEN,
        SIGMOID,
        loss="binary_crossentropy",
        data="x = np.random.default_rng(0).normal(size=(600, 4))\n"
        "y = (x[:, 0] > 0).astype(int)\n"
        "batch_size, epochs = 600, 2000",
    ),
    good=program(
        HIDDEN,
        SIGMOID,
        loss="binary_crossentropy",
        data="x = np.random.default_rng(0).normal(size=(600, 4))\n"
        "y = (x[:, 0] > 0).astype(int)\n"
        "batch_size, epochs = 32, 100",
    ),
)
def one_batch(subject):
    """A batch of all rows gives one update an epoch.

    Smaller ones give many at the same cost, and their noise helps to find
    solutions that generalise.
    """
    size, rows = subject.batch_size, subject.rows
    if size is None or rows is None or rows < 256 or size < rows:
        return
    # What too few updates in all say is said there.
    if subject.compiled is not None and shortage(subject) is not None:
        return
    yield found(
        "",
        f"batch_size={size} takes all {rows} rows at once: one update an "
        "epoch.",
        "batch_size=32",
        [Repair("batch_size", 32)],
    )

"""What every way of reuse does to every kind of model, by one replay.

The replay takes single steps of plain Keras (`train_on_batch`, SGD without
momentum) and then moves each weight by its own share: 0 where it is frozen,
the multiplier where it has one. It uses nothing of this package but the
values of `OneCycle`'s curve.
"""

import contextlib

import keras
import numpy as np

import keras_trainkit as ktk
from tests.helpers.pairwise import cases

BATCH, STEPS, PEAK, LOWERED, SLOW = 8, 4, 0.1, 0.1, 0.5
ROWS = BATCH * STEPS
# Both epochs.
CYCLE = [
    float(ktk.schedules.OneCycle(PEAK, 2 * STEPS)(i)) for i in range(2 * STEPS)
]


def fine_tuning(model, data, curve, part):
    """One `fit` in two stages."""
    callbacks = [ktk.callbacks.FineTuning({0: f"{part}*", 1: "all"})]
    fit(model, data, [*callbacks, *curve])


def fine_tune(model, data, curve, part):
    """One call; the head trains alone first."""
    ktk.transfer.fine_tune(
        model,
        *data,
        head_epochs=1,
        epochs=2,
        learning_rate=PEAK,
        batch_size=BATCH,
        shuffle=False,
        verbose=0,
        callbacks=list(curve),
    )


def layerwise(model, data, curve, part):
    """Rates of their own."""
    fit(model, data, list(curve))


def fit(model, data, callbacks):
    model.fit(
        *data,
        batch_size=BATCH,
        epochs=2,
        shuffle=False,
        verbose=0,
        callbacks=callbacks,
    )


FEATURES = {
    "FineTuning": fine_tuning,
    "fine_tune": fine_tune,
    "LayerwiseLearningRate": layerwise,
}
DTYPES = ("float32", "mixed_float16")
CURVES = {"plain": list, "OneCycle": lambda: [one_cycle()]}


def one_cycle():
    return ktk.callbacks.OneCycle(PEAK, cycle_momentum=False)


def matrix(models):
    """Returns the cases: every two values of two features meet.

    `fine_tune` has cycles of its own, and so meets no curve.
    """
    staged = ("FineTuning", "LayerwiseLearningRate")
    return [
        *cases(models, staged, DTYPES, CURVES),
        *cases(models, ["fine_tune"], DTYPES, ["plain"]),
    ]


@contextlib.contextmanager
def policy(dtype):
    """Builds layers in a dtype policy."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def compiled(model, loss, rates=None):
    """Compiles by plain SGD; `rates` are multipliers of a wrapper, or None."""
    optimizer = keras.optimizers.SGD(PEAK)
    if rates is not None:
        optimizer = ktk.optimizers.LayerwiseLearningRate(optimizer, rates)
    if "float16" in {layer.compute_dtype for layer in model.layers}:
        # A larger scale, and the replay skips steps: it has all gradients.
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer, 2.0**7)
    # XLA on TensorFlow compiles for seconds and adds nothing here.
    xla = keras.backend.backend() == "jax"
    model.compile(optimizer, loss, jit_compile=xla)
    return model


def trained(feature, curve, model, data, loss, part):
    """Trains by this package; returns `model`."""
    rates = None
    if feature == "LayerwiseLearningRate":
        selection = {"all": SLOW, f"{part}*": 1.0}
        rates = ktk.optimizers.multipliers(model, selection)
    compiled(model, loss, rates)
    FEATURES[feature](model, data, CURVES[curve](), part)
    return model


def replayed(feature, curve, model, data, loss, part):
    """Trains an equal model by hand; returns `model`."""
    compiled(model, loss)
    head = {
        id(weight)
        for layer in ktk.models.select(model, f"{part}*")
        for weight in layer.weights
    }
    x, y = data
    for update in range(2 * STEPS):
        rows = slice(BATCH * (update % STEPS), BATCH * (update % STEPS + 1))
        below, rate = plan(feature, curve, update)
        model.optimizer.learning_rate = rate
        before = [np.array(weight) for weight in model.get_weights()]
        batch = keras.tree.map_structure(lambda part, r=rows: part[r], (x, y))
        model.train_on_batch(*batch)
        for weight, was in zip(model.weights, before, strict=True):
            share = 1.0 if id(weight) in head else below
            now = keras.ops.convert_to_numpy(weight)
            weight.assign(was + share * (now - was) if share else was)
    return model


def plan(feature, curve, update):
    """Returns the share of the layers below the head, and the rate."""
    stage = update // STEPS
    rate = CYCLE[update] if curve == "OneCycle" else PEAK
    if feature == "LayerwiseLearningRate":
        return SLOW, rate
    lowered = rate * LOWERED**stage
    if feature == "fine_tune":
        # A cycle of each stage.
        lowered = float(
            ktk.schedules.OneCycle(PEAK * LOWERED**stage, STEPS)(update % STEPS)
        )
    return float(stage), lowered


def check(model, hand, start, dtype):
    """The weights are the replay's, and have moved."""
    atol = 2e-5 if dtype == "float32" else 1e-4
    moved = []
    for ours, theirs, was in zip(
        model.get_weights(), hand.get_weights(), start, strict=True
    ):
        np.testing.assert_allclose(ours, theirs, atol=atol)
        moved.append(np.abs(ours - was).max())
    assert max(moved) > 5 * atol

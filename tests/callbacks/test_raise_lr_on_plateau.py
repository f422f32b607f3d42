"""A kick is a factor on whosever curve it is, and nothing of it stays."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.scheduling.scheduled_fit import active_control
from tests.helpers import replay
from tests.helpers.models import linear_model
from tests.helpers.models import mlp
from tests.helpers.models import regression_data
from tests.helpers.tanh_net import NAMES
from tests.helpers.tanh_net import TanhReplay
from tests.helpers.tanh_net import tanh_net

TORCH = keras.backend.backend() == "torch"
# XLA on TensorFlow compiles for seconds and adds nothing to most tests.
XLA = {"jit_compile": keras.backend.backend() == "jax"}
BATCH, STEPS, EPOCHS, RATE, FACTOR = 16, 4, 5, 0.01, 3.0
X, Y = regression_data(BATCH * STEPS)
# A flat score and a patience of two: the fourth epoch is kicked.
KICKED = np.array([1, 1, 1, FACTOR, 1])


class Score(keras.callbacks.Callback):
    """Logs what the callbacks behind it shall see; the last one stays."""

    def __init__(self, *scores):
        super().__init__()
        self.scores = scores

    def on_epoch_end(self, epoch, logs=None):
        logs["score"] = self.scores[min(epoch, len(self.scores) - 1)]


def kicks(**options):
    arguments = {"factor": FACTOR, "patience": 2, "mode": "min", **options}
    return ktk.callbacks.RaiseLROnPlateau("score", **arguments)


def compiled(optimizer=None, model=None, **options):
    model = model or linear_model()
    model.compile(optimizer or sgd(), "mse", **{**XLA, **options})
    return model


def fit(model, *callbacks, epochs=EPOCHS, scores=(1.0,), **options):
    return model.fit(
        X,
        Y,
        batch_size=BATCH,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=[Score(*scores), *callbacks],
        **options,
    ).history


def sgd(**options):
    return keras.optimizers.SGD(RATE, momentum=0.5, **options)


def adam(**options):
    return keras.optimizers.Adam(RATE, **options)


def decay():
    return keras.optimizers.schedules.InverseTimeDecay(RATE, 4, 0.5)


def decaying(**options):
    return keras.optimizers.SGD(decay(), momentum=0.5, **options)


def loss_scale(inner):
    return keras.optimizers.LossScaleOptimizer(
        inner, initial_scale=64.0, dynamic_growth_steps=2
    )


def rate_of(model):
    return float(model.optimizer.learning_rate)


def per_update(factors=KICKED, rate=RATE):
    return np.repeat(np.asarray(factors, "float64"), STEPS) * rate


def decayed(steps=EPOCHS * STEPS):
    return RATE / (1 + 0.5 * np.arange(steps) / 4)


# Weights after `fit`.

MODES = {
    "default": {"jit_compile": "auto"},
    "eager": {"run_eagerly": True, "jit_compile": False},
    "no-xla": {"jit_compile": False},
    "steps-per-execution": {"steps_per_execution": 4},
}
if TORCH:  # Keras refuses steps_per_execution there, and runs eagerly anyway.
    MODES = {name: MODES[name] for name in ("default", "eager")}
RULES = {
    "sgd": (sgd, replay.sgd, {"momentum": 0.5}),
    "adam": (adam, replay.adam, {}),
}


def check_replay(model, hand, rates, **values):
    data = replay.batches(X, Y, BATCH, EPOCHS)
    for (x, y), rate in zip(data, rates, strict=True):
        hand.step(x, y, learning_rate=rate, **values)
    for ours, theirs in zip(model.get_weights(), hand.weights, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-5)


@pytest.mark.parametrize(
    "rule, mode, wrap",
    [
        *(("sgd", mode, lambda optimizer: optimizer) for mode in MODES),
        ("adam", "default", lambda optimizer: optimizer),
        ("adam", "default", loss_scale),
    ],
    ids=[*MODES, "adam", "loss-scale"],
)
def test_a_plain_rate_equals_a_float64_replay(rule, mode, wrap):
    make, update, values = RULES[rule]
    model = compiled(wrap(make()), **MODES[mode])
    hand = replay.LinearReplay(model.get_weights(), update)
    callback = kicks()
    history = fit(model, callback)
    trace = callback.trace()
    np.testing.assert_allclose(trace["learning_rate"], per_update(), rtol=1e-6)
    np.testing.assert_array_equal(trace["step"], np.arange(EPOCHS * STEPS))
    np.testing.assert_allclose(history["learning_rate"], RATE * KICKED, 1e-6)
    check_replay(model, hand, per_update(), **values)
    assert rate_of(model) == pytest.approx(RATE)


@pytest.mark.parametrize("mode", MODES)
def test_a_compiled_schedule_equals_a_float64_replay(mode):
    model = compiled(decaying(), **MODES[mode])
    hand = replay.LinearReplay(model.get_weights(), replay.sgd)
    callback = kicks()
    history = fit(model, callback)
    rates = decayed() * per_update(rate=1)
    trace = callback.trace()["learning_rate"]
    np.testing.assert_allclose(trace, rates, rtol=1e-6)
    assert history["learning_rate"] == trace[STEPS - 1 :: STEPS].tolist()
    check_replay(model, hand, rates, momentum=0.5)
    assert model.optimizer._learning_rate.initial_learning_rate == RATE


@pytest.mark.parametrize(
    "make",
    [lambda: loss_scale(decaying()), lambda: decaying(weight_decay=0.1)],
    ids=["loss scale", "weight decay"],
)
def test_a_compiled_schedule_with_an_option(make):
    """Keras itself, with the kicked schedule compiled in, is the oracle."""

    class Kicked(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            epoch = keras.ops.cast(step, "int32") // STEPS
            return decay()(step) * keras.ops.take(
                keras.ops.convert_to_tensor(KICKED, "float32"), epoch
            )

    model, oracle = compiled(make()), make()
    fit(model, kicks())
    inner = getattr(oracle, "inner_optimizer", oracle)
    inner.learning_rate = Kicked()
    fit(by_keras := compiled(oracle))
    for ours, theirs in zip(
        model.get_weights(), by_keras.get_weights(), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


def test_accumulation_leaves_the_schedules_own_count_of_batches():
    make = decaying
    callback = kicks()
    fit(compiled(make(gradient_accumulation_steps=2)), callback)
    batches = decayed() * per_update(rate=1)
    np.testing.assert_allclose(
        callback.trace()["learning_rate"], batches[1::2], rtol=1e-6
    )


def test_without_a_plateau_nothing_changes():
    fit(kicked := compiled(decaying()), kicks(), scores=range(9, 0, -1))
    fit(plain := compiled(decaying()))
    for ours, theirs in zip(
        kicked.get_weights(), plain.get_weights(), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)


# Whose learning rate it is.

OWNERS = {
    "OneCycle": lambda: ktk.callbacks.OneCycle(0.1),
    "HyperparameterSchedule": lambda: ktk.callbacks.HyperparameterSchedule(
        learning_rate=decay(), momentum=lambda update: 0.5
    ),
}


@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
@pytest.mark.parametrize("name", OWNERS)
def test_a_factor_on_the_owners_curve(name, first):
    alone, owner, callback = OWNERS[name](), OWNERS[name](), kicks()
    fit(compiled(), alone)
    model = compiled()
    hand = replay.LinearReplay(model.get_weights(), replay.sgd)
    both = [callback, owner] if first else [owner, callback]
    history = fit(model, *both)
    trace, plain = owner.trace(), alone.trace()
    rates = plain["learning_rate"] * per_update(rate=1)
    np.testing.assert_allclose(trace["learning_rate"], rates, rtol=1e-12)
    np.testing.assert_array_equal(trace["momentum"], plain["momentum"])
    np.testing.assert_array_equal(
        callback.trace()["learning_rate"], trace["learning_rate"]
    )
    assert history["learning_rate"] == rates[STEPS - 1 :: STEPS].tolist()
    steps = zip(
        replay.batches(X, Y, BATCH, EPOCHS), rates, trace["momentum"],
        strict=True,
    )  # fmt: skip
    for (x, y), rate, momentum in steps:
        hand.step(x, y, learning_rate=rate, momentum=momentum)
    np.testing.assert_allclose(
        model.get_weights()[0], hand.weights[0], atol=2e-5
    )
    assert rate_of(model) == pytest.approx(RATE)
    assert model.optimizer.momentum == 0.5


def test_a_schedule_for_another_hyperparameter():
    momentum = ktk.callbacks.HyperparameterSchedule(momentum=lambda u: 0.9)
    history = fit(model := compiled(decaying()), momentum, kicks())
    expected = (decayed() * per_update(rate=1))[STEPS - 1 :: STEPS]
    np.testing.assert_allclose(history["learning_rate"], expected, rtol=1e-6)
    assert history["momentum"] == [0.9] * EPOCHS
    assert model.optimizer.momentum == 0.5


STAGES = {0: "head", 3: "all"}
TRAINED = [NAMES[2:]] * 3 + [NAMES] * 2
FINE_TUNED = {
    "plain": (sgd, None),
    "schedule": (decaying, None),
    "OneCycle": (sgd, lambda: ktk.callbacks.OneCycle(0.1)),
}


def unkicked(case):
    """Learning rate and momentum of every update, without this callback."""
    make, owner = FINE_TUNED[case]
    if owner is None:
        flat = np.full(EPOCHS * STEPS, RATE)
        return decayed() if make is decaying else flat, 0.5 * flat / RATE
    fit(compiled(), alone := owner())
    return alone.trace()["learning_rate"], alone.trace()["momentum"]


@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
@pytest.mark.parametrize("case", FINE_TUNED)
def test_a_stage_in_the_middle_of_a_kick(case, first):
    make, owner = FINE_TUNED[case]
    model = compiled(make(), tanh_net())
    hand = TanhReplay(model.get_weights(), replay.sgd)
    callback = kicks(patience=1, duration=2)
    others = [ktk.callbacks.FineTuning(STAGES), *([owner()] if owner else [])]
    fit(model, *([callback, *others] if first else [*others, callback]))
    rates, momenta = unkicked(case)
    rates = rates * per_update([1, 1, FACTOR, FACTOR * 0.1, 0.1], rate=1)
    np.testing.assert_allclose(
        callback.trace()["learning_rate"], rates, rtol=1e-6
    )
    steps = zip(rates, momenta, strict=True)
    for names in TRAINED:
        hand.train(*names)
        for x, y in replay.batches(X, Y, BATCH):
            rate, momentum = next(steps)
            hand.step(x, y, learning_rate=rate, momentum=momentum)
    for ours, theirs in zip(
        model.get_weights(), hand.weights.values(), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, atol=2e-5)
    left = decayed(EPOCHS * STEPS + 1)[-1] if case == "schedule" else RATE
    assert rate_of(model) == pytest.approx(0.1 * left)


def test_beginning_in_a_later_stage_a_found_rate_is_not_lowered_for_it():
    stages = {0: "head", 1: "high", 2: "all"}
    model, callback = compiled(sgd(), tanh_net()), kicks(patience=1)
    fine_tuning = ktk.callbacks.FineTuning(stages)
    fit(model, callback, fine_tuning, epochs=4, initial_epoch=1)
    np.testing.assert_allclose(
        callback.trace()["learning_rate"],
        per_update([1, 0.1, 0.1 * FACTOR]),
        rtol=1e-6,
    )
    assert rate_of(model) == pytest.approx(0.1 * RATE)


@pytest.mark.parametrize(
    "make, rate", [(sgd, "0.005"), (decaying, "0.5 x InverseTimeDecay's")]
)
def test_fine_tuning_names_the_rate_not_this_callback(make, rate, capsys):
    fine_tuning = ktk.callbacks.FineTuning({0: 1, 1: "all"}, 0.5, verbose=1)
    fit(compiled(make(), tanh_net()), kicks(), fine_tuning, epochs=2)
    assert capsys.readouterr().out.endswith(f"learning rate {rate}\n")


def test_two_of_them_multiply():
    twice = kicks(patience=1, factor=2.0, max_kicks=1)
    history = fit(compiled(), kicks(max_kicks=1), twice, epochs=4)
    np.testing.assert_allclose(
        history["learning_rate"], RATE * np.array([1, 1, 2, 3]), rtol=1e-6
    )


class CountsTraces(keras.Sequential):
    """A model that counts how often its step runs as Python."""

    traces = 0

    def train_step(self, *args):
        self.traces += 1
        return super().train_step(*args)


@pytest.mark.parametrize(
    "make, owner, more",
    [
        (sgd, None, 0),
        (decaying, None, 1),
        (sgd, lambda: ktk.callbacks.OneCycle(0.1), 1),
    ],
    ids=["plain", "schedule", "OneCycle"],
)
def test_how_often_three_kicks_compile(make, owner, more):
    def traces(*callbacks):
        model = CountsTraces([keras.Input((8,)), keras.layers.Dense(1)])
        fit(compiled(make(), model), *callbacks, epochs=12)
        return model.traces

    owners = [owner()] if owner else []
    compiled_again = 0 if TORCH else more  # eager steps compile nothing
    assert traces(kicks(), *owners) - traces() == compiled_again


# Which epochs are kicked.


@pytest.mark.parametrize(
    "scores, mode, kicked",
    [
        ([1, 2, 3, 4, 5], "max", []),
        ([1, 2, 3, 4, 5], "min", [3]),
        ([5, 4, 3, 2, 1], "max", [3]),
        ([5, 4, 3, 2, 1], "min", []),
    ],
)
def test_the_mode(scores, mode, kicked):
    rates = fit(compiled(), kicks(mode=mode), scores=scores)["learning_rate"]
    assert [e for e, r in enumerate(rates) if r > 1.5 * RATE] == kicked


@pytest.mark.parametrize("monitor, kicked", [("loss", True), ("val_up", False)])
def test_the_mode_is_told_by_the_metric(monitor, kicked):
    """At a rate of almost zero nothing moves; a large delta is a plateau."""

    class Rising(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["loss"] = logs["val_up"] = float(epoch)

    model = linear_model()
    up = keras.metrics.BinaryAccuracy(name="up")
    model.compile(sgd(), "mse", metrics=[up])
    callback = ktk.callbacks.RaiseLROnPlateau(monitor, 3.0, patience=2)
    rates = fit(model, Rising(), callback)["learning_rate"]
    assert (max(rates) > 1.5 * RATE) == kicked


def test_the_validation_loss_is_watched_by_default():
    callback = ktk.callbacks.RaiseLROnPlateau(
        factor=FACTOR, patience=1, min_delta=1e9
    )
    history = fit(compiled(), callback, validation_data=(X, Y), epochs=3)
    np.testing.assert_allclose(
        history["learning_rate"], RATE * np.array([1, 1, FACTOR]), rtol=1e-6
    )


def test_a_second_fit_begins_anew():
    model, callback = compiled(), kicks(max_kicks=1)
    first = fit(model, callback)["learning_rate"]
    assert fit(model, callback)["learning_rate"] == first
    np.testing.assert_allclose(first, RATE * KICKED, rtol=1e-6)
    steps = callback.trace()["step"]
    assert steps.tolist() == list(range(EPOCHS * STEPS, 2 * EPOCHS * STEPS))


def test_epochs_of_unknown_length():
    class Unknown(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            assert self.params["steps"] is None

    def once():
        for _ in range(4):
            yield X[:BATCH], Y[:BATCH]

    model = compiled()
    history = model.fit(
        once(), verbose=0, callbacks=[Score(1), Unknown(), kicks()]
    ).history
    assert history["learning_rate"] == pytest.approx([RATE])


def test_a_line_for_every_kick(capsys):
    fit(compiled(), kicks(verbose=1), epochs=9)
    assert capsys.readouterr().out.splitlines() == [
        f"RaiseLROnPlateau: epoch {epoch}: score has stood still for 2 "
        "epochs, learning rate times 3 for 1"
        for epoch in (3, 7)
    ]


def test_only_the_main_process_prints(capsys, monkeypatch):
    module = "keras_trainkit.callbacks.raise_lr_on_plateau.is_main_process"
    monkeypatch.setattr(module, lambda: False)
    fit(compiled(), kicks(verbose=1))
    assert capsys.readouterr().out == ""


# What it is for.


class Rippled(keras.layers.Layer):
    """Points on a wide bowl with sharp ripples, but for its centre.

    The output is the sum of their heights; the input is noise on the slopes.
    """

    def build(self, shape):
        self.points = self.add_weight(
            shape=(shape[-1],),
            initializer=lambda shape, **_: np.linspace(3, 8, *shape),
        )

    def call(self, noise):
        w = self.points
        ripples = 0.3 * (1 - keras.ops.cos(4 * w))
        away = 1 - keras.ops.exp(-(w**2) / 8)
        return keras.ops.sum(0.05 * w**2 + ripples * away + noise * w, axis=-1)


def share_near_the_centre(callback):
    """Returns the share of 32 points that end in the good minimum."""
    model = keras.Sequential([keras.Input((32,)), layer := Rippled()])
    noise = np.random.default_rng(0).normal(0, 0.4, (BATCH * STEPS, 32))
    model.compile(keras.optimizers.SGD(0.1), lambda y, sums: sums, **XLA)
    model.fit(
        noise.astype("float32"),
        np.zeros(len(noise)),
        batch_size=BATCH,
        epochs=40,
        shuffle=False,
        verbose=0,
        validation_data=(np.zeros((1, 32)), np.zeros(1)),
        callbacks=[callback],
    )
    return np.mean(np.abs(layer.points.numpy()) < 1.5)


@pytest.mark.parametrize(
    "make, options, least, most",
    [
        (keras.callbacks.Callback, {}, 0.0, 0.0),
        (keras.callbacks.ReduceLROnPlateau, {"factor": 0.5}, 0.0, 0.0),
        (
            ktk.callbacks.RaiseLROnPlateau,
            {"factor": 10.0, "duration": 4},
            0.75,
            1.0,
        ),
    ],
)
def test_out_of_sharp_minima_into_a_wide_one(make, options, least, most):
    if options:
        options = {**options, "patience": 3, "min_delta": 0.1}
    assert least <= share_near_the_centre(make(**options)) <= most


# That nothing stays.


class Crash(keras.callbacks.Callback):
    """Raises at a hook of an epoch; the fourth is kicked."""

    def __init__(self, hook, error=RuntimeError, epoch=3):
        super().__init__()
        self.when, self.error, self.now = (epoch, hook), error, None

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch
        self.crash("on_epoch_begin")

    def on_train_batch_end(self, batch, logs=None):
        self.crash("on_train_batch_end")

    def on_epoch_end(self, epoch, logs=None):
        self.crash("on_epoch_end")

    def crash(self, hook):
        if (self.now, hook) == self.when:
            raise self.error("planned")


LENT = {
    "plain": (sgd, []),
    "schedule": (decaying, []),
    "OneCycle": (sgd, [lambda: ktk.callbacks.OneCycle(0.1)]),
}


def assert_given_back(model, make):
    """A plain `fit` trains on as that of a model loaded from its config."""
    assert active_control(model) is None
    assert "make_train_function" not in vars(model)
    assert "apply" not in vars(model.optimizer)
    ours, theirs = model.optimizer.get_config(), make().get_config()
    np.testing.assert_equal({**ours, "name": ""}, {**theirs, "name": ""})
    twin = compiled(make())
    twin.set_weights(model.get_weights())
    twin.optimizer.build(twin.trainable_variables)
    for ours, theirs in zip(
        twin.optimizer.variables, model.optimizer.variables, strict=True
    ):
        ours.assign(keras.ops.copy(theirs.value))
    assert rate_of(twin) == rate_of(model)
    fit(model, epochs=1)
    fit(twin, epochs=1)
    for ours, theirs in zip(
        model.get_weights(), twin.get_weights(), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("case", LENT)
def test_everything_is_given_back(case):
    make, owners = LENT[case]
    fit(model := compiled(make()), kicks(), *(owner() for owner in owners))
    assert_given_back(model, make)


BATCH_END = ("on_train_batch_end", KeyboardInterrupt, "first")
EPOCH_END = ("on_epoch_end", RuntimeError, "last")


@pytest.mark.parametrize(
    "case, hook, error, place",
    [
        ("plain", *BATCH_END),
        ("plain", *EPOCH_END),
        ("plain", "on_epoch_begin", KeyboardInterrupt, "last"),
        ("schedule", *BATCH_END),
        ("schedule", *EPOCH_END),
        ("OneCycle", *BATCH_END),
        ("OneCycle", *EPOCH_END),
    ],
)
def test_what_a_dying_kick_leaves_behind(case, hook, error, place):
    make, owners = LENT[case]
    model = compiled(make())
    listed = [kicks(), *(owner() for owner in owners)]
    listed.insert(0 if place == "first" else 9, Crash(hook, error))
    with pytest.raises(error, match="planned"):
        fit(model, *listed)
    if keras.backend.backend() == "jax":
        # An epoch that dies leaves the state outside of the variables, in
        # plain Keras, too (keras/src/backend/jax/trainer.py).
        model.jax_state_sync()
    if case != "schedule":
        assert rate_of(model) == pytest.approx(RATE)
    assert_given_back(model, make)


def test_checkpoints_hold_the_current_rate_or_the_plain_schedule(tmp_path):
    paths = tmp_path / "plain{epoch}.keras", tmp_path / "decay{epoch}.keras"
    for path, make in zip(paths, (sgd, decaying), strict=True):
        save = keras.callbacks.ModelCheckpoint(path)
        fit(compiled(make()), kicks(), save, epochs=4)
    kicked = keras.models.load_model(tmp_path / "plain4.keras")
    assert rate_of(kicked) == pytest.approx(FACTOR * RATE)
    plain = keras.models.load_model(tmp_path / "decay4.keras").optimizer
    assert (
        plain.get_config()["learning_rate"]
        == decaying().get_config()["learning_rate"]
    )


RESUMED = {
    "plain": (sgd, [], lambda epochs: RATE),
    "schedule": (decaying, [], lambda epochs: decayed(21)[STEPS * epochs]),
    "FineTuning": (
        sgd,
        [lambda: ktk.callbacks.FineTuning({0: "head", 2: "all"})],
        lambda epochs: 0.1 * RATE,
    ),
}


@pytest.mark.parametrize("place", [0, 9], ids=["first", "last"])
@pytest.mark.parametrize("left", [2, 0])
@pytest.mark.parametrize("case", RESUMED)
def test_a_resumed_run_is_not_at_the_raised_rate(case, left, place, tmp_path):
    """Epochs 2 and 3 are kicked; the backup is of the time between them."""
    make, others, rate_after = RESUMED[case]

    def run(epochs, *extra):
        model, callback = compiled(make(), mlp()), kicks(patience=1, duration=2)
        listed = [callback, *(other() for other in others)]
        backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
        listed.insert(place, backup)
        fit(model, *listed, *extra, epochs=epochs)
        return model, callback.trace()["learning_rate"]

    with pytest.raises(RuntimeError, match="planned"):
        if left:
            run(5, Crash("on_train_batch_end"))
        else:  # it had only `on_train_end` to come
            run(3, Crash("on_epoch_end", epoch=2))
    model, rates = run(3 + left)
    assert len(rates) == left * STEPS
    expected = decayed() if case == "schedule" else [rate_after(3)] * 20
    np.testing.assert_allclose(rates, expected[12 : 12 + len(rates)], rtol=1e-5)
    assert rate_of(model) == pytest.approx(rate_after(3 + left))


# One writer.


def set_rate(model):
    model.optimizer.learning_rate = 0.5


def set_schedule(model):
    model.optimizer.learning_rate = decay()


class At(keras.callbacks.Callback):
    """Calls `act(model)` at one hook."""

    def __init__(self, hook, act):
        super().__init__()
        setattr(self, hook, lambda *args, **kwargs: act(self.model))


FOREIGN = {
    "LearningRateScheduler": (
        sgd,
        lambda: keras.callbacks.LearningRateScheduler(lambda epoch: 0.5),
    ),
    "ReduceLROnPlateau": (
        sgd,
        lambda: keras.callbacks.ReduceLROnPlateau(
            "score", mode="min", patience=1
        ),
    ),
    "a rate": (sgd, lambda: At("on_epoch_end", set_rate)),
    "a schedule for a rate": (sgd, lambda: At("on_epoch_begin", set_schedule)),
    "another schedule": (decaying, lambda: At("on_epoch_end", set_schedule)),
}


@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_writer_is_an_error(name, first):
    make, foreign = FOREIGN[name]
    model, both = compiled(make()), [kicks(), foreign()]
    with pytest.raises(ValueError, match="left to RaiseLROnPlateau during"):
        fit(model, *both[:: -1 if first else 1])


def test_a_curve_on_a_compiled_schedule_is_still_an_error():
    model = compiled(decaying())
    one_cycle = ktk.callbacks.OneCycle(0.1)
    with pytest.raises(ValueError, match="Compile the optimizer with a float"):
        fit(model, kicks(), one_cycle)
    assert active_control(model) is None
    fit(model, epochs=1)
    assert_given_back(model, decaying)


def test_a_second_curve_is_still_an_error():
    curves = [ktk.callbacks.OneCycle(0.1), ktk.callbacks.OneCycle(0.2)]
    with pytest.raises(ValueError, match="Remove one of the two callbacks"):
        fit(compiled(), kicks(), *curves)


# What is refused.


@pytest.mark.parametrize("validation", [{}, {"validation_freq": 2}])
def test_a_metric_that_is_not_in_the_logs(validation):
    if validation:
        validation["validation_data"] = (X, Y)
    model = compiled()
    with pytest.raises(
        ValueError, match=r"which hold \['learning_rate', 'loss', 'score'\]"
    ):
        fit(model, ktk.callbacks.RaiseLROnPlateau(), **validation)
    assert rate_of(model) == pytest.approx(RATE)


def test_a_direction_that_keras_cannot_tell():
    with pytest.raises(ValueError, match="`mode='max'`"):
        fit(compiled(), kicks(mode="auto"))


def test_a_callable_that_is_no_schedule():
    model = compiled(keras.optimizers.SGD(lambda: 0.1))
    before = model.get_weights()
    with pytest.raises(ValueError, match="a number or a LearningRateSchedule"):
        fit(model, kicks())
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_several_optimizers():
    multi = getattr(keras.optimizers, "MultiOptimizer", None)
    several = multi(keras.optimizers.OptimizerMap(sgd())) if multi else None
    with pytest.raises(ValueError, match="single optimizer"):
        fit(compiled(several) if several else broken(), kicks())


def broken():
    """Keras 3.13 has no MultiOptimizer; a model without any is refused so."""
    model = compiled()
    model.optimizer = None
    return model


@pytest.mark.parametrize(
    "error, arguments",
    [
        (TypeError, {"monitor": None}),
        (ValueError, {"factor": 1.0}),
        (ValueError, {"factor": float("inf")}),
        (ValueError, {"factor": float("nan")}),
        (TypeError, {"factor": "5"}),
        (ValueError, {"patience": 0}),
        (ValueError, {"duration": 1.5}),
        (ValueError, {"max_kicks": 0}),
        (ValueError, {"cooldown": -1}),
        (ValueError, {"min_delta": -1.0}),
        (ValueError, {"mode": "up"}),
        (ValueError, {"verbose": 2}),
    ],
    ids=repr,
)
def test_arguments_that_are_refused(error, arguments):
    with pytest.raises(error, match=f"`{next(iter(arguments))}` must be"):
        ktk.callbacks.RaiseLROnPlateau(**arguments)


def test_trace_of_a_run_that_died_before_its_first_epoch():
    class DieAtOnce(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            raise RuntimeError("planned")

    callback = kicks()
    with pytest.raises(ValueError, match="never used"):
        callback.trace()
    with pytest.raises(RuntimeError, match="planned"):
        fit(compiled(), ktk.callbacks.OneCycle(0.1), callback, DieAtOnce())
    assert len(callback.trace()["learning_rate"]) == 0


def test_plot_draws_the_trace():
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    fit(compiled(), callback := kicks())
    drawn = callback.plot().lines[0].get_ydata()
    np.testing.assert_allclose(drawn, callback.trace()["learning_rate"])

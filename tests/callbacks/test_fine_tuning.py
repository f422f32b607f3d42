"""FineTuning acts as told: weights after one `fit` equal a float64 replay."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers import replay
from tests.helpers import younger
from tests.helpers.models import SubclassedMLP
from tests.helpers.models import regression_data
from tests.helpers.tanh_net import NAMES
from tests.helpers.tanh_net import TanhReplay
from tests.helpers.tanh_net import tanh_net
from tests.models import zoo

TORCH = keras.backend.backend() == "torch"
BATCH, STEPS, EPOCHS, RATE = 16, 4, 3, 0.05
X, Y = regression_data(BATCH * STEPS)
FineTuning = ktk.callbacks.FineTuning

TWO = {0: 1, 2: "all"}
THREE = {0: "head", 1: ["high"], 2: lambda layer: True}
TRAINED = {
    "two": [NAMES[2:], NAMES[2:], NAMES],
    "three": [NAMES[2:], NAMES[1:], NAMES],
}
FACTORS = {"two": [1, 1, 0.1], "three": [1, 0.1, 0.01]}
STAGES = {"two": TWO, "three": THREE}


def fit(model, *callbacks, x=X, y=Y, epochs=EPOCHS, **options):
    return model.fit(
        x,
        y,
        batch_size=BATCH,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=list(callbacks),
        **options,
    )


def compiled(optimizer=None, model=None, **options):
    model = model or tanh_net()
    model.compile(optimizer or keras.optimizers.SGD(RATE), "mse", **options)
    return model


def by_hand(hand, plan, rates, x=X, y=Y, **values):
    """Replays epochs that train `plan[epoch]`, at one rate per batch."""
    data = list(replay.batches(x, y, BATCH))
    rates = iter(rates)
    for names in plan:
        hand.train(*names)
        for bx, by in data:
            hand.step(bx, by, learning_rate=next(rates), **values)
    return hand


def rates(factors, rate=RATE):
    return np.repeat(np.asarray(factors) * rate, STEPS)


def check(model, hand, atol=2e-5):
    for ours, theirs in zip(
        model.get_weights(), hand.weights.values(), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, atol=atol)


def rate_of(model):
    return float(model.optimizer.learning_rate)


def trained(model):
    return [layer.name for layer in ktk.models.trainable_layers(model)]


def sgd(**options):
    return keras.optimizers.SGD(RATE, momentum=0.9, **options)


def adam(**options):
    return keras.optimizers.Adam(RATE, **options)


def without_bias_decay():
    optimizer = adam(weight_decay=0.3)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


def loss_scale(inner):
    return keras.optimizers.LossScaleOptimizer(
        inner, initial_scale=64.0, dynamic_growth_steps=2
    )


class Recorder(keras.callbacks.Callback):
    """Weights at every epoch's end, and what the optimizer keeps then."""

    def on_train_begin(self, logs=None):
        self.weights, self.slots, self.rates = [], [], []

    def on_epoch_end(self, epoch, logs=None):
        model = self.model
        self.weights.append([np.array(w) for w in model.get_weights()])
        self.slots.append(len(model.optimizer.variables))
        self.rates.append(rate_of(model))


class Score(keras.callbacks.Callback):
    """Logs what the monitoring callbacks behind it shall see."""

    def __init__(self, scores):
        super().__init__()
        self.scores = scores

    def on_epoch_end(self, epoch, logs=None):
        logs["score"] = self.scores[epoch]


class Break(keras.callbacks.Callback):
    def __init__(self, epoch):
        super().__init__()
        self.epoch, self.now = epoch, None

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self.now, batch) == (self.epoch, 1):
            raise KeyboardInterrupt


# Weights after one `fit`.

MODES = {
    "default": {},
    "eager": {"run_eagerly": True},
    "jit_compile=False": {"jit_compile": False},
    "jit_compile=True": {"jit_compile": True},
    "steps_per_execution": {"steps_per_execution": 2},
}
if TORCH:
    # Keras refuses steps_per_execution there; jit_compile=True would run
    # torch.compile, whose first step takes a minute.
    MODES = {"default": {}, "eager": {"run_eagerly": True}}


RULES = {"sgd": (sgd, replay.sgd), "adam": (adam, replay.adam)}


@pytest.mark.parametrize(
    "rule, stages, mode",
    [
        ("sgd", "two", "default"),
        ("adam", "two", "default"),
        *(("adam", "three", mode) for mode in MODES),
        ("sgd", "three", "eager"),
    ],
)
def test_weights_equal_a_float64_replay(rule, stages, mode):
    make, rule = RULES[rule]
    model = compiled(make(), **MODES[mode])
    hand = TanhReplay(model.get_weights(), rule)
    fit(model, FineTuning(STAGES[stages]))
    plan, factors = TRAINED[stages], FACTORS[stages]
    check(model, by_hand(hand, plan, rates(factors), momentum=0.9))
    assert rate_of(model) == pytest.approx(RATE * factors[-1])


OPTIONS = {
    "clipnorm": (lambda: sgd(clipnorm=0.1), {"clipnorm": 0.1}),
    "weight decay": (
        lambda: sgd(weight_decay=0.3),
        {"weight_decay": 0.3},
    ),
    "accumulation": (
        lambda: sgd(gradient_accumulation_steps=2),
        {"accumulate": 2},
    ),
    # Eight batches come before the stage, which cuts a cycle of three.
    "cut accumulation": (
        lambda: sgd(gradient_accumulation_steps=3),
        {"accumulate": 3},
    ),
    "loss scale": (lambda: loss_scale(sgd()), {}),
    "ema": (lambda: sgd(use_ema=True, ema_momentum=0.7), {"ema": 0.7}),
    "loss scale, ema": (
        lambda: loss_scale(sgd(use_ema=True, ema_momentum=0.7)),
        {"ema": 0.7},
    ),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_of_the_optimizer_goes_on_across_stages(option):
    make, arguments = OPTIONS[option]
    model = compiled(make())
    hand = TanhReplay(model.get_weights(), replay.sgd, **arguments)
    fit(model, FineTuning(TWO))
    by_hand(hand, TRAINED["two"], rates(FACTORS["two"]), momentum=0.9)
    if hand.ema:
        hand.average()
    check(model, hand)


def test_excluded_weights_do_not_decay_after_a_stage():
    model = compiled(without_bias_decay())
    hand = TanhReplay(
        model.get_weights(), replay.adam, weight_decay=0.3, decays_bias=False
    )
    fit(model, FineTuning(TWO))
    check(model, by_hand(hand, TRAINED["two"], rates(FACTORS["two"])))


def test_batches_that_loss_scaling_skips():
    x = X.copy()
    x[BATCH] = np.nan  # the second batch of every epoch
    model = compiled(loss_scale(adam()))
    hand = TanhReplay(model.get_weights(), replay.adam)
    fit(model, FineTuning(TWO), x=x)
    by_hand(hand, TRAINED["two"], rates(FACTORS["two"]), x=x)
    check(model, hand)
    assert int(model.optimizer.iterations) == EPOCHS * (STEPS - 1)
    # A skip halves the scale, then three steps double it once.
    assert float(model.optimizer.dynamic_scale) == 64.0


def test_a_thawed_average_starts_at_its_weight():
    model = compiled(sgd(use_ema=True, ema_momentum=1.0))
    before = model.get_weights()
    fit(model, FineTuning({0: "head", 1: "all"}), epochs=2)
    # With a momentum of one the average never moves from its start.
    for ours, theirs in zip(model.get_weights()[:4], before, strict=False):
        np.testing.assert_array_equal(ours, theirs)


def test_frozen_weights_are_bit_identical_and_have_no_slots():
    model, recorder = compiled(sgd()), Recorder()
    start = model.get_weights()
    fit(model, FineTuning(THREE), recorder)
    moved = [
        [not np.array_equal(a, b) for a, b in zip(x, y, strict=True)]
        for x, y in zip([start, *recorder.weights], recorder.weights)  # noqa: B905
    ]
    assert moved == [
        [False] * 4 + [True] * 2,
        [False] * 2 + [True] * 4,
        [True] * 6,
    ]
    # Iterations, learning rate, one momentum per trained variable.
    assert recorder.slots == [4, 6, 8]


# BatchNormalization.


def with_batch_norms():
    """In a nested model, in a composite, in the trunk and in the head."""
    inputs = keras.Input((4,))
    x = zoo.backbone()(inputs)
    x = zoo.Block(name="block")(x)
    x = keras.layers.BatchNormalization(name="trunk_norm")(x)
    x = keras.layers.Dense(4, name="top")(x)
    x = keras.layers.BatchNormalization(name="top_norm")(x)
    model = keras.Model(inputs, keras.layers.Dense(1, name="head")(x))
    return compiled(sgd(), model)


def norms_moved(model, batch_norm):
    norms = {
        "nested": model.get_layer("backbone").get_layer("norm"),
        "composite": model.get_layer("block").norm,
        "trunk": model.get_layer("trunk_norm"),
        "head": model.get_layer("top_norm"),
    }
    before = {name: norm.get_weights() for name, norm in norms.items()}
    stages = {0: ["top", "top_norm", "head"], 1: "all"}
    fit(model, FineTuning(stages, 1.0, batch_norm), x=X[:, :4], epochs=2)
    return {
        name: [
            not np.array_equal(a, b)
            for a, b in zip(before[name], norm.get_weights(), strict=True)
        ]
        for name, norm in norms.items()
    }


@pytest.mark.parametrize("batch_norm", ["inference", "follow"])
def test_batch_normalization_of_the_reused_part(batch_norm):
    moved = norms_moved(with_batch_norms(), batch_norm)
    reused = [batch_norm == "follow"] * 4
    assert moved == {
        "nested": reused,
        "composite": reused,
        "trunk": reused,
        "head": [True] * 4,
    }


def test_statistics_alone_train_on_without_a_stage_0():
    """BatchNormalization without gamma and beta has no trainable weight."""
    inputs = keras.Input((4,))
    x = keras.layers.Dense(4, name="low", trainable=False)(inputs)
    norm = keras.layers.BatchNormalization(center=False, scale=False)
    outputs = keras.layers.Dense(1, name="head")(norm(x))
    model = compiled(model=keras.Model(inputs, outputs))
    before = norm.get_weights()
    fit(model, FineTuning({1: "low"}), x=X[:, :4], epochs=2)
    assert norm.trainable
    assert not np.array_equal(before[0], norm.get_weights()[0])


# Learning rates.


def one_cycle_alone():
    """The curves of a `fit` without stages: see test_one_cycle.py for them."""
    callback = ktk.callbacks.OneCycle(0.2)
    driven = compiled(sgd())
    callback.set_params({"epochs": EPOCHS, "steps": STEPS})
    callback.set_model(driven)
    curves = callback.curves(driven.optimizer)
    steps = np.arange(EPOCHS * STEPS)
    return {name: f(steps, np, "float64") for name, f in curves.items()}


@pytest.mark.parametrize(
    "first, make, rule",
    [
        ("OneCycle", sgd, replay.sgd),
        ("FineTuning", sgd, replay.sgd),
        ("FineTuning", lambda: loss_scale(adam()), replay.adam),
    ],
    ids=["OneCycle first", "FineTuning first", "loss scale"],
)
def test_one_cycle_times_the_factor(first, make, rule):
    one_cycle, fine_tuning = ktk.callbacks.OneCycle(0.2), FineTuning(THREE)
    both = [one_cycle, fine_tuning]
    model = compiled(make())
    hand = TanhReplay(model.get_weights(), rule)
    fit(model, *(both if first == "OneCycle" else both[::-1]))
    trace, plain = one_cycle.trace(), one_cycle_alone()
    np.testing.assert_allclose(
        trace["learning_rate"],
        plain["learning_rate"] * np.repeat(FACTORS["three"], STEPS),
        rtol=1e-12,
    )
    np.testing.assert_array_equal(trace["momentum"], plain["momentum"])
    momenta = iter(trace["momentum"])
    for names, epoch_rates in zip(
        TRAINED["three"],
        np.split(trace["learning_rate"], EPOCHS),
        strict=True,
    ):
        hand.train(*names)
        for (x, y), rate in zip(
            replay.batches(X, Y, BATCH), epoch_rates, strict=True
        ):
            hand.step(x, y, learning_rate=rate, momentum=next(momenta))
    check(model, hand)
    assert rate_of(model) == pytest.approx(RATE * 0.01)
    inner = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    assert getattr(inner, "momentum", 0.9) == 0.9
    assert getattr(inner, "beta_1", 0.9) == 0.9


def test_a_compiled_schedule_is_scaled_and_saved(tmp_path):
    decay = keras.optimizers.schedules.InverseTimeDecay(RATE, 4, 0.5)
    model = compiled(keras.optimizers.SGD(decay, momentum=0.9))
    hand = TanhReplay(model.get_weights(), replay.sgd)
    fit(model, FineTuning(THREE))
    steps = np.arange(EPOCHS * STEPS)
    schedule = RATE / (1 + 0.5 * steps / 4)
    scaled = schedule * np.repeat(FACTORS["three"], STEPS)
    check(model, by_hand(hand, TRAINED["three"], scaled, momentum=0.9))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert rate_of(loaded) == pytest.approx(0.01 * RATE / (1 + 0.5 * 3))
    assert rate_of(loaded) == rate_of(model)


def test_reduce_lr_on_plateau_goes_on_from_the_multiplied_rate():
    model, recorder = compiled(), Recorder()
    fit(
        model,
        Score([1, 1, 1, 1]),
        FineTuning(TWO),
        keras.callbacks.ReduceLROnPlateau(
            monitor="score", mode="min", factor=0.5, patience=1
        ),
        recorder,
        epochs=4,
    )
    expected = RATE * np.array([1, 0.5, 0.025, 0.0125])
    np.testing.assert_allclose(recorder.rates, expected, rtol=1e-5)


def test_beginning_in_the_middle_a_plain_rate_is_not_multiplied_again():
    model = compiled()
    hand = TanhReplay(model.get_weights(), replay.sgd)
    fit(model, FineTuning({0: 1, 1: 2, 2: "all"}), initial_epoch=1)
    check(model, by_hand(hand, [NAMES[1:], NAMES], rates([1, 0.1])))
    assert rate_of(model) == pytest.approx(0.1 * RATE)


def test_beginning_in_the_middle_a_curve_is_at_its_stage():
    model = compiled()
    hand = TanhReplay(model.get_weights(), replay.sgd)
    curve = ktk.callbacks.OneCycle(0.2)
    fit(model, FineTuning({0: 1, 1: 2, 2: "all"}), curve, initial_epoch=1)
    trace = curve.trace()
    plain = one_cycle_alone()["learning_rate"] * np.repeat(
        [1, 0.1, 0.01], STEPS
    )
    np.testing.assert_array_equal(trace["step"], np.arange(STEPS, 3 * STEPS))
    np.testing.assert_allclose(trace["learning_rate"], plain[STEPS:])
    check(model, by_hand(hand, [NAMES[1:], NAMES], plain[STEPS:]))
    assert rate_of(model) == pytest.approx(0.1 * RATE)


# More than one `fit`.


def test_the_second_fit_begins_with_the_first_stage():
    model, callback = compiled(adam()), FineTuning(TWO)
    hand = TanhReplay(model.get_weights(), replay.adam)
    fit(model, callback)
    fit(model, callback)
    factors = [*FACTORS["two"], 0.1, 0.1, 0.01]
    by_hand(hand, TRAINED["two"] * 2, rates(factors), momentum=0.9)
    check(model, hand)
    assert rate_of(model) == pytest.approx(RATE * 0.01)


def test_a_plain_fit_goes_on_where_the_last_stage_was():
    model = compiled(adam())
    hand = TanhReplay(model.get_weights(), replay.adam)
    fit(model, FineTuning({0: 1, 1: 2}), epochs=2)
    fit(model, epochs=1)
    plan = [NAMES[2:], NAMES[1:], NAMES[1:]]
    by_hand(hand, plan, rates([1, 0.1, 0.1]))
    check(model, hand)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(
        hand.loss(X, Y), rel=1e-4
    )


def test_averages_go_on_in_the_next_fit():
    """On JAX Keras leaves weights and averages in buffers that they share."""
    model = compiled(sgd(use_ema=True, ema_momentum=0.7))
    hand = TanhReplay(model.get_weights(), replay.sgd, ema=0.7)
    fit(model, FineTuning({0: 1, 1: 2}), epochs=2)
    by_hand(hand, [NAMES[2:], NAMES[1:]], rates([1, 0.1]), momentum=0.9)
    hand.average()
    fit(model, epochs=1)
    by_hand(hand, [NAMES[1:]], rates([0.1]), momentum=0.9)
    hand.average()
    check(model, hand)


@pytest.mark.parametrize("make", [adam, lambda: loss_scale(adam())])
def test_a_saved_model_trains_on_identically(make, tmp_path):
    model = compiled(make())
    checkpoint = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras")
    fit(model, FineTuning({0: 1, 1: 2}), checkpoint, epochs=2)
    model.save(tmp_path / "end.keras")
    stages = [keras.saving.load_model(tmp_path / f"{e}.keras") for e in (1, 2)]
    assert [trained(m) for m in stages] == [["head"], ["high", "head"]]
    assert [rate_of(m) for m in stages] == pytest.approx([RATE, 0.1 * RATE])
    loaded = keras.saving.load_model(tmp_path / "end.keras")
    for ours, theirs in zip(
        [v for m in (loaded, stages[1]) for v in m.optimizer.variables],
        model.optimizer.variables * 2,
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)
    fit(model, epochs=1)
    fit(loaded, epochs=1)
    for ours, theirs in zip(
        loaded.get_weights(), model.get_weights(), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_early_stopping_restores_the_best_weights_of_another_stage():
    model, recorder = compiled(adam()), Recorder()
    stop = keras.callbacks.EarlyStopping(
        "score", mode="min", patience=2, restore_best_weights=True
    )
    fit(model, Score([0, 1, 2]), FineTuning(TWO), recorder, stop, epochs=5)
    assert len(recorder.weights) == 3
    for ours, best in zip(
        model.get_weights(), recorder.weights[0], strict=True
    ):
        np.testing.assert_array_equal(ours, best)
    assert trained(model) == list(NAMES)
    fit(model, epochs=1)
    assert not np.array_equal(model.get_weights()[0], recorder.weights[0][0])


@pytest.mark.parametrize(
    "curve, again",
    [("plain", "with"), ("plain", "without"), ("OneCycle", "without")],
)
def test_an_exception_leaves_the_stage_that_was_reached(curve, again):
    model, fine_tuning = compiled(), FineTuning(THREE)
    one_cycle = ktk.callbacks.OneCycle(0.2)
    others = [one_cycle] if curve == "OneCycle" else []
    with pytest.raises(KeyboardInterrupt):
        fit(model, fine_tuning, *others, Break(1))
    assert trained(model) == list(NAMES[1:])
    assert rate_of(model) == pytest.approx(0.1 * RATE)
    hand = TanhReplay(model.get_weights(), replay.sgd)
    if again == "with":
        fit(model, fine_tuning)
        factors = np.asarray(FACTORS["three"]) * 0.1
        check(model, by_hand(hand, TRAINED["three"], rates(factors)))
    else:
        fit(model, epochs=1)
        check(model, by_hand(hand, [NAMES[1:]], rates([0.1])))


def test_keras_does_not_save_the_flags_inside_a_subclassed_model(tmp_path):
    """What docs/fine_tuning.md warns of; if this fails, the page is wrong."""
    model, _ = subclassed()
    compiled(sgd(), model)
    fit(model, FineTuning({0: "head"}), x=X[:, :4], epochs=1)
    model.save(tmp_path / "model.keras")
    with pytest.warns(UserWarning, match="Skipping variable loading"):
        loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert trained(model) == ["head"]
    assert trained(loaded) == ["hidden", "head"]
    assert int(loaded.optimizer.iterations) == 0
    ktk.transfer.freeze(loaded, "hidden")
    fit(loaded, x=X[:, :4], epochs=1)


# Kinds of models.


def shared():
    return zoo.shared(), "head"


def nested():
    return zoo.nested(), "head"


def subclassed():
    model = SubclassedMLP()
    model(np.ones((2, 4), "float32"))
    return model, 1


def several():
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    stem = keras.layers.Dense(3, name="stem")
    both = keras.layers.Concatenate()([stem(a), stem(b)])
    outputs = [keras.layers.Dense(1, name=name)(both) for name in ("y", "z")]
    return keras.Model([a, b], outputs), ["y", "z"]


@pytest.mark.parametrize("make", [shared, nested, subclassed, several])
def test_kinds_of_models(make):
    model, head = make()
    inputs = X[:, :4]
    x, y = ([inputs, inputs], [Y, Y]) if make is several else (inputs, Y)
    compiled(sgd(), model)
    heads = {
        id(w) for one in ktk.models.select(model, head) for w in one.weights
    }
    recorder = Recorder()
    before = [np.array(w) for w in model.get_weights()]
    fit(model, FineTuning({0: head, 1: "all"}), recorder, x=x, y=y, epochs=2)
    moved = [
        {
            id(w)
            for w, a, b in zip(model.weights, *pair, strict=True)
            if not np.array_equal(a, b)
        }
        for pair in ([before, recorder.weights[0]], recorder.weights)
    ]
    held = {id(w) for w in model.non_trainable_weights}
    assert moved[0] == heads
    # A unit may be dead; but what trained is more than the head.
    assert heads < moved[1] <= {id(w) for w in model.weights} - held
    assert len(model.optimizer.variables) == 2 + len(model.trainable_weights)


def test_mixed_precision(monkeypatch):
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = compiled(sgd())
    finally:
        keras.config.set_dtype_policy(policy)
    wrapper, inner = model.optimizer, model.optimizer.inner_optimizer
    assert isinstance(wrapper, keras.optimizers.LossScaleOptimizer)
    hand = TanhReplay(model.get_weights(), replay.sgd)
    fit(model, FineTuning(TWO))
    assert model.optimizer is wrapper
    assert model.optimizer.inner_optimizer is inner
    by_hand(hand, TRAINED["two"], rates(FACTORS["two"]), momentum=0.9)
    check(model, hand, atol=5e-3)


# What is refused, and what is said.


class DictSlots(keras.optimizers.SGD):
    def build(self, variables):
        super().build(variables)
        self.extra = {v.path: self.add_variable(v.shape) for v in variables}


def state(model):
    return (
        [layer.trainable for layer in model.layers],
        [w.trainable for w in model.weights],
        [np.array(v).tolist() for v in model.optimizer.variables],
        [np.array(w).tolist() for w in model.get_weights()],
    )


REFUSED = {
    "matches nothing": ({0: "headd"}, None, "There is: low, high, head"),
    "never reached": ({0: 1, 3: "all"}, None, "epochs that this `fit` reaches"),
    "too many layers": ({0: 4}, None, "at most 3"),
    "no selection": ({0: 1.5}, None, "`selection` must be"),
    "a callable rate": (
        {0: 1},
        lambda: keras.optimizers.SGD(lambda: 0.1),
        "a number or a LearningRateSchedule",
    ),
    "slots in a dictionary": (
        {0: 1},
        lambda: DictSlots(RATE),
        "where .* are kept otherwise",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_leaves_everything_as_it_was(case):
    stages, make, message = REFUSED[case]
    model = compiled(make() if make else sgd())
    model.optimizer.build(model.trainable_variables)
    before, optimizer = state(model), model.optimizer
    with pytest.raises((TypeError, ValueError), match=message):
        fit(model, FineTuning(stages))
    assert state(model) == before
    assert model.optimizer is optimizer


def test_a_refusal_gives_back_what_one_cycle_has():
    model = compiled(DictSlots(RATE))
    with pytest.raises(ValueError, match="are kept otherwise"):
        fit(model, ktk.callbacks.OneCycle(0.2), FineTuning({0: 1}))
    assert trained(model) == list(NAMES)
    assert rate_of(model) == pytest.approx(RATE)
    hand = TanhReplay(model.get_weights(), replay.sgd)
    fit(model, epochs=1)
    check(model, by_hand(hand, [NAMES], rates([1])))


@younger.needs_multi_optimizer
def test_several_optimizers_are_refused():
    optimizers = keras.optimizers.OptimizerMap(sgd())
    model = compiled(keras.optimizers.MultiOptimizer(optimizers))
    with pytest.raises(ValueError, match="single optimizer"):
        fit(model, FineTuning({0: 1}))
    assert trained(model) == list(NAMES)


def test_without_a_stage_0_something_must_train():
    model = compiled()
    model.trainable = False
    with pytest.raises(ValueError, match="epoch 0 where no layer is trainable"):
        fit(model, FineTuning({1: "all"}))
    assert trained(model) == []


def test_without_a_stage_0_what_trains_is_the_first():
    model = compiled()
    model.get_layer("low").trainable = False
    hand = TanhReplay(model.get_weights(), replay.sgd)
    fit(model, FineTuning({2: "low"}))
    plan = [NAMES[1:], NAMES[1:], NAMES]
    check(model, by_hand(hand, plan, rates(FACTORS["two"])))


def test_a_stage_that_trains_no_weight():
    statistic = keras.layers.BatchNormalization(center=False, scale=False)
    model = compiled(
        model=keras.Sequential(
            [keras.Input((4,)), statistic, keras.layers.Dense(1)]
        )
    )
    with pytest.raises(ValueError, match="stages that train a weight each"):
        fit(model, FineTuning({0: statistic.name}), x=X[:, :4])
    assert [layer.trainable for layer in model.layers] == [True, True]
    fit(model, x=X[:, :4], epochs=1)


def test_a_model_that_is_not_built():
    model = compiled(model=SubclassedMLP())
    callback = FineTuning({0: "head"})
    callback.set_params({"epochs": 2})
    callback.set_model(model)
    with pytest.raises(ValueError, match="built before the `fit`"):
        callback.on_train_begin()


def test_a_custom_loop_that_tells_no_number_of_epochs():
    model = compiled()
    callbacks = keras.callbacks.CallbackList(
        [FineTuning({0: 1, 1: "all"})], model=model
    )
    callbacks.on_train_begin()
    stages = []
    for epoch in range(2):
        callbacks.on_epoch_begin(epoch)
        model.train_on_batch(X[:BATCH], Y[:BATCH])
        stages.append(trained(model))
    callbacks.on_train_end()
    assert stages == [["head"], list(NAMES)]


@pytest.mark.parametrize(
    "error, arguments",
    [
        (TypeError, {"stages": [1, 2]}),
        (TypeError, {"stages": {"0": 1}}),
        (TypeError, {"stages": {True: 1}}),
        (ValueError, {"stages": {}}),
        (ValueError, {"stages": {-1: "all"}}),
        (TypeError, {"learning_rate_factor": "0.1"}),
        (ValueError, {"learning_rate_factor": 0.0}),
        (ValueError, {"learning_rate_factor": float("nan")}),
        (ValueError, {"learning_rate_factor": float("inf")}),
        (ValueError, {"batch_norm": "freeze"}),
        (ValueError, {"verbose": 2}),
    ],
    ids=repr,
)
def test_arguments_that_are_refused(error, arguments):
    with pytest.raises(error, match=f"`{next(iter(arguments))}` must be"):
        FineTuning(**{"stages": {0: 1}, **arguments})


@pytest.mark.parametrize(
    "others, rate",
    [
        ([], ["0.05", "0.005"]),
        (
            [ktk.callbacks.OneCycle(0.2)],
            ["1 x OneCycle's", "0.1 x OneCycle's"],
        ),
    ],
    ids=["a plain rate", "a curve"],
)
def test_a_line_for_every_stage(others, rate, capsys):
    fit(compiled(), FineTuning(TWO, verbose=1), *others)
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "FineTuning: epoch 0: 1 of 3 layers, 5 of 61 weights train, "
        f"learning rate {rate[0]}",
        "FineTuning: epoch 2: 3 of 3 layers, 61 of 61 weights train, "
        f"learning rate {rate[1]}",
    ]


def test_only_the_main_process_prints(capsys, monkeypatch):
    module = "keras_trainkit.callbacks.fine_tuning.is_main_process"
    monkeypatch.setattr(module, lambda: False)
    fit(compiled(), FineTuning({0: 1}, verbose=1), epochs=1)
    assert capsys.readouterr().out == ""


def test_evaluate_after_equal_shapes_changed_places():
    """On JAX a step is traced for shapes; two equal layers may be confused."""
    model = compiled()
    model.evaluate(X, Y, verbose=0)  # before the optimizer is built
    fit(model, FineTuning({0: "high"}), epochs=1)
    hand = TanhReplay(model.get_weights(), replay.sgd)
    loss = hand.loss(X, Y)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(loss, rel=1e-5)
    history = fit(
        model,
        FineTuning({0: lambda layer: layer.name != "high"}),
        validation_data=(X, Y),
        epochs=1,
    )
    loss = TanhReplay(model.get_weights(), replay.sgd).loss(X, Y)
    assert history.history["val_loss"] == pytest.approx([loss], rel=1e-5)
    np.testing.assert_allclose(
        np.mean((model.predict(X, verbose=0) - Y) ** 2), loss, rtol=1e-5
    )


def test_epochs_may_be_numpys_integers():
    stages = {np.int64(0): "head", np.int64(2): "all"}
    assert ktk.callbacks.FineTuning(stages).stages is stages

"""OneCycle's curves act: weights after `fit` equal replays by hand."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers import replay
from tests.helpers.by_hand import train_linear
from tests.helpers.models import SubclassedMLP
from tests.helpers.models import linear_model
from tests.helpers.models import mlp
from tests.helpers.models import regression_data
from tests.helpers.torch_one_cycle import torch_curves

TORCH = keras.backend.backend() == "torch"
BATCH, EPOCHS = 16, 3
X, Y = regression_data(64)


def fit(model, optimizer, one_cycle=None, epochs=EPOCHS, **options):
    model.compile(optimizer, "mse", **options)
    one_cycle = one_cycle or ktk.callbacks.OneCycle(0.1)
    model.fit(
        X,
        Y,
        batch_size=BATCH,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=[one_cycle],
    )
    return one_cycle.trace()


RULES = {
    "sgd": (lambda: keras.optimizers.SGD(0.01, momentum=0.5), replay.sgd),
    "nesterov": (
        lambda: keras.optimizers.SGD(0.01, momentum=0.5, nesterov=True),
        replay.nesterov,
    ),
    "adam": (lambda: keras.optimizers.Adam(0.01), replay.adam),
}
MODES = {
    "default": {},
    "eager": {"run_eagerly": True},
    "no-xla": {"jit_compile": False},
    "four-steps-per-execution": {"steps_per_execution": 4},
}
if TORCH:  # Keras refuses steps_per_execution there, and runs eagerly anyway.
    MODES = {"default": {}, "eager": {"run_eagerly": True}}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("rule", RULES)
def test_weights_equal_a_float64_replay(rule, mode):
    make, update = RULES[rule]
    model = linear_model()
    hand = replay.LinearReplay(model.get_weights(), update)
    trace = fit(model, make(), **MODES[mode])
    for (x, y), rate, momentum in zip(
        replay.batches(X, Y, BATCH, EPOCHS),
        trace["learning_rate"],
        trace["momentum"],
        strict=True,
    ):
        hand.step(x, y, learning_rate=rate, momentum=momentum)
    for ours, theirs in zip(model.get_weights(), hand.weights, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-5)


def optimizers():
    o = keras.optimizers
    common = {"weight_decay": 0.01, "clipnorm": 0.5}
    return {
        "sgd": (o.SGD, {}, None),
        "sgd-momentum": (o.SGD, {"momentum": 0.5}, "momentum"),
        "rmsprop": (o.RMSprop, {}, None),
        "rmsprop-momentum": (o.RMSprop, {"momentum": 0.5}, "momentum"),
        "adam": (o.Adam, {}, "beta_1"),
        "adam-clip-decay": (o.Adam, common, "beta_1"),
        "adam-ema": (o.Adam, {"use_ema": True, "ema_momentum": 0.7}, "beta_1"),
        "adam-accumulate": (
            o.Adam,
            {"gradient_accumulation_steps": 3},
            "beta_1",
        ),
        "adamw": (o.AdamW, {}, "beta_1"),
        "adamax": (o.Adamax, {}, "beta_1"),
        "nadam": (o.Nadam, {}, "beta_1"),
        "lion": (o.Lion, {}, "beta_1"),
        "lamb": (o.Lamb, {}, "beta_1"),
        "adafactor": (o.Adafactor, {}, None),
        "adagrad": (o.Adagrad, {}, None),
    }


@pytest.mark.parametrize("name", optimizers())
def test_every_optimizer_equals_itself_told_by_hand(name):
    make, arguments, attribute = optimizers()[name]
    trace = fit(model := linear_model(), make(0.01, **arguments))
    assert ("momentum" in trace) == (attribute is not None)
    values = [
        {"learning_rate": rate, **({attribute: m} if attribute else {})}
        for rate, m in zip(
            trace["learning_rate"],
            trace.get("momentum", trace["learning_rate"]),
            strict=True,
        )
    ]
    by_hand = train_linear(
        linear_model(), make(0.01, **arguments), X, Y, BATCH, EPOCHS, values
    )
    for ours, theirs in zip(model.get_weights(), by_hand, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=3e-5)


@pytest.mark.parametrize("dynamic_growth_steps", [2, 2000])
def test_loss_scaling_around_an_optimizer_changes_nothing(dynamic_growth_steps):
    plain = fit(a := linear_model(), keras.optimizers.Adam(0.01))
    scaled = fit(
        b := linear_model(),
        keras.optimizers.LossScaleOptimizer(
            keras.optimizers.Adam(0.01),
            initial_scale=8.0,
            dynamic_growth_steps=dynamic_growth_steps,
        ),
    )
    np.testing.assert_array_equal(
        plain["learning_rate"], scaled["learning_rate"]
    )
    for ours, theirs in zip(b.get_weights(), a.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_a_step_skipped_by_loss_scaling_does_not_advance_the_cycle():
    x = np.concatenate([X[:16] * np.nan, X[16:]])
    model = linear_model()
    optimizer = keras.optimizers.LossScaleOptimizer(
        keras.optimizers.SGD(0.01, momentum=0.5), initial_scale=2.0
    )
    model.compile(optimizer, "mse")
    hand = replay.LinearReplay(model.get_weights(), replay.sgd)
    one_cycle = ktk.callbacks.OneCycle(0.1, total_steps=12)
    model.fit(
        x, Y, batch_size=16, epochs=1, shuffle=False, verbose=0,
        callbacks=[one_cycle],
    )  # fmt: skip
    trace = one_cycle.trace()
    assert trace["step"].tolist() == [0, 1, 2]
    for i, (bx, by) in enumerate(replay.batches(X[16:], Y[16:], 16)):
        hand.step(
            bx,
            by,
            learning_rate=trace["learning_rate"][i],
            momentum=trace["momentum"][i],
        )
    for ours, theirs in zip(model.get_weights(), hand.weights, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_mixed_precision_follows_the_curve():
    keras.utils.set_random_seed(1)
    policy = "mixed_float16"
    model = keras.Sequential(
        [keras.Input((8,)), keras.layers.Dense(1, dtype=policy)]
    )
    trace = fit(model, keras.optimizers.SGD(0.01, momentum=0.5))
    hand = replay.LinearReplay(linear_model().get_weights(), replay.sgd)
    for (x, y), rate, momentum in zip(
        replay.batches(X, Y, BATCH, EPOCHS),
        trace["learning_rate"],
        trace["momentum"],
        strict=True,
    ):
        hand.step(x, y, learning_rate=rate, momentum=momentum)
    for ours, theirs in zip(model.get_weights(), hand.weights, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-2)


class Seen(keras.callbacks.Callback):
    """Notes the learning rate that each update left behind."""

    def on_train_begin(self, logs=None):
        self.rates = []

    def on_train_batch_end(self, batch, logs=None):
        self.rates.append(float(self.model.optimizer.learning_rate))


@pytest.mark.parametrize(
    "form",
    [{}, {"three_phase": False, "anneal_strategy": "cos", "pct_start": 0.25}],
    ids=["paper", "fastai"],
)
def test_the_value_inside_the_step_is_torchs(form):
    model, seen = linear_model(), Seen()
    one_cycle = ktk.callbacks.OneCycle(0.3, **form)
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), "mse")
    model.fit(
        X, Y, batch_size=8, epochs=3, verbose=0, callbacks=[one_cycle, seen]
    )
    rates, momenta = torch_curves(
        max_lr=0.3,
        total_steps=24,
        base_momentum=0.85,
        max_momentum=0.95,
        div_factor=10.0,
        final_div_factor=1000.0,
        **{
            "three_phase": True,
            "anneal_strategy": "linear",
            "pct_start": 0.45,
            **form,
        },
    )
    np.testing.assert_allclose(seen.rates, rates, atol=1e-6 * 0.3)
    trace = one_cycle.trace()
    np.testing.assert_allclose(trace["learning_rate"], rates, rtol=1e-9)
    np.testing.assert_allclose(trace["momentum"], momenta, rtol=1e-9)


def test_positions_beyond_two_to_the_24th_keep_their_resolution():
    optimizer = keras.optimizers.SGD(0.01)
    model, seen = linear_model(), Seen()
    model.compile(optimizer, "mse")
    steps = 2**25
    model.optimizer.iterations.assign(2**25 - 8)
    one_cycle = ktk.callbacks.OneCycle(0.1, total_steps=steps)
    # A resumed run: eight batches before the end of the cycle.
    model.fit(
        X, Y, batch_size=8, initial_epoch=2**22 - 1, epochs=2**22, verbose=0,
        callbacks=[one_cycle, seen],
    )  # fmt: skip
    trace = one_cycle.trace()
    assert trace["step"].tolist() == list(range(steps - 8, steps))
    assert (np.diff(trace["learning_rate"]) < 0).all()
    np.testing.assert_allclose(seen.rates, trace["learning_rate"], atol=1e-7)


class CountsTraces(keras.Sequential):
    """A model that counts how often its step runs as Python."""

    traces = 0

    def train_step(self, *args):
        self.traces += 1
        return super().train_step(*args)


def test_the_step_is_traced_once_not_once_per_value():
    class NoteTraces(keras.callbacks.Callback):
        after = ()

        def on_train_batch_end(self, batch, logs=None):
            self.after = (*self.after, model.traces)

    model = CountsTraces([keras.Input((8,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), "mse")
    note = NoteTraces()
    model.fit(
        X,
        Y,
        batch_size=8,
        epochs=3,
        verbose=0,
        callbacks=[note, ktk.callbacks.OneCycle(0.1)],
    )
    later = note.after[-1] - note.after[0]
    eager_steps = len(note.after) - 1
    assert later == (eager_steps if TORCH else 0)


MODELS = {
    "subclassed": SubclassedMLP,
    "nested": lambda: keras.Sequential(
        [keras.Input((8,)), mlp(), keras.layers.Dense(1)]
    ),
    "two-outputs": lambda: two_outputs(),
    "own-train-step": lambda: CountsTraces(
        [keras.Input((8,)), keras.layers.Dense(1)]
    ),
}


def two_outputs():
    x = keras.Input((8,))
    return keras.Model(x, [keras.layers.Dense(1)(x), keras.layers.Dense(1)(x)])


@pytest.mark.parametrize("kind", MODELS)
def test_any_kind_of_model_trains_under_the_cycle(kind):
    model, seen = MODELS[kind](), Seen()
    targets = [Y, Y] if kind == "two-outputs" else Y
    model.compile(keras.optimizers.Adam(0.01), "mse")
    one_cycle = ktk.callbacks.OneCycle(0.1)
    model.fit(
        X, targets, batch_size=16, epochs=2, verbose=0,
        callbacks=[one_cycle, seen],
    )  # fmt: skip
    expected = one_cycle.trace()["learning_rate"]
    assert len(expected) == 8
    np.testing.assert_allclose(seen.rates, expected, atol=1e-7)


@pytest.mark.parametrize(
    "optimizer",
    [keras.optimizers.SGD(0.01), keras.optimizers.Adafactor(0.01)],
    ids=["sgd-without-momentum", "adafactor"],
)
def test_momentum_demanded_of_an_optimizer_without(optimizer):
    model = linear_model()
    before = model.get_weights()
    with pytest.raises(ValueError, match="`cycle_momentum` must be False"):
        fit(model, optimizer, ktk.callbacks.OneCycle(0.1, cycle_momentum=True))
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    assert float(model.optimizer.learning_rate) == pytest.approx(0.01)


def test_momentum_left_alone():
    trace = fit(
        model := linear_model(),
        keras.optimizers.SGD(0.01, momentum=0.5),
        ktk.callbacks.OneCycle(0.1, cycle_momentum=False),
    )
    assert set(trace) == {"step", "learning_rate"}
    hand = replay.LinearReplay(linear_model().get_weights(), replay.sgd)
    for (x, y), rate in zip(
        replay.batches(X, Y, BATCH, EPOCHS), trace["learning_rate"], strict=True
    ):
        hand.step(x, y, learning_rate=rate, momentum=0.5)
    np.testing.assert_allclose(
        model.get_weights()[0], hand.weights[0], atol=1e-5
    )


@pytest.mark.parametrize(
    "arguments",
    [
        {"max_lr": 0.0},
        {"max_lr": 0.1, "total_steps": 3},
        {"max_lr": 0.1, "cycle_momentum": "yes"},
        {"max_lr": 0.1, "anneal_strategy": "exp"},
        {"max_lr": 0.1, "base_momentum": 0.9, "max_momentum": 0.8},
        {"max_lr": 0.1, "pct_start": 0.6},
    ],
    ids=lambda a: " ".join(a),
)
def test_bad_arguments_are_refused_at_construction(arguments):
    with pytest.raises(ValueError, match="must be"):
        ktk.callbacks.OneCycle(**arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"max_lr": "0.1"},
        {"max_lr": np.array([0.1])},
        {"max_lr": 0.1, "total_steps": 10.0},
        {"max_lr": 0.1, "cycle_momentum": 1},
        {"max_lr": 0.1, "cycle_momentum": None},
        {"max_lr": 0.1, "three_phase": "no"},
        {"max_lr": 0.1, "three_phase": 0},
        {"max_lr": 0.1, "base_momentum": np.array([0.8])},
    ],
    ids=str,
)
def test_arguments_of_another_type_are_a_type_error(arguments):
    with pytest.raises(TypeError, match="must be"):
        ktk.callbacks.OneCycle(**arguments)


@pytest.mark.parametrize(
    ("three_phase", "epochs", "fewest"), [(True, 3, 4), (False, 2, 3)]
)
def test_a_fit_too_short_for_a_cycle_says_so(three_phase, epochs, fewest):
    model = linear_model()
    model.compile("sgd", "mse")
    cycle = ktk.callbacks.OneCycle(0.1, three_phase=three_phase)
    with pytest.raises(ValueError, match="Train for more epochs") as caught:
        model.fit(X, Y, 64, epochs=epochs, verbose=0, callbacks=[cycle])
    words = str(caught.value)
    assert f"a `fit` of at least {fewest} updates" in words
    assert f"Received: a `fit` of {epochs}." in words
    assert "total_steps=" not in words


def test_a_fit_of_unknown_length_says_what_to_pass():
    model = linear_model()
    model.compile("sgd", "mse")
    batches = ((X[:16], Y[:16]) for _ in range(9))
    with pytest.raises(ValueError, match="`steps_per_epoch`") as caught:
        model.fit(batches, verbose=0, callbacks=[ktk.callbacks.OneCycle(0.1)])
    assert "or `total_steps` to OneCycle" in str(caught.value)
    assert "None" not in str(caught.value)

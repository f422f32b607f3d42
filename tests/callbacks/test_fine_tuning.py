"""FineTuning's stages: which weights train, what is refused, what is said."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers import replay
from tests.helpers import younger
from tests.helpers.models import SubclassedMLP
from tests.helpers.staged_fit import BATCH
from tests.helpers.staged_fit import FACTORS
from tests.helpers.staged_fit import RATE
from tests.helpers.staged_fit import THREE
from tests.helpers.staged_fit import TWO
from tests.helpers.staged_fit import FineTuning
from tests.helpers.staged_fit import Recorder
from tests.helpers.staged_fit import X
from tests.helpers.staged_fit import Y
from tests.helpers.staged_fit import by_hand
from tests.helpers.staged_fit import check
from tests.helpers.staged_fit import compiled
from tests.helpers.staged_fit import fit
from tests.helpers.staged_fit import rate_of
from tests.helpers.staged_fit import rates
from tests.helpers.staged_fit import sgd
from tests.helpers.staged_fit import trained
from tests.helpers.tanh_net import NAMES
from tests.helpers.tanh_net import TanhReplay


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


class TwoOptimizers(keras.Sequential):
    """Trains with an optimizer that `compile` does not know, as GANs do."""

    def train_step(self, *args):
        return (
            {"loss": keras.ops.zeros(())}
            if len(args) == 1
            else self._jax(*args)
        )

    def _jax(self, state, data):
        return {"loss": keras.ops.zeros(())}, state


def test_an_optimizer_that_never_applies_is_an_error():
    layers = [keras.Input(X.shape[1:]), keras.layers.Dense(1, name="head")]
    model = compiled(model=TwoOptimizers(layers))
    with pytest.raises(ValueError, match="optimizers of its own"):
        fit(model, FineTuning({0: "head"}))


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_data_that_runs_out_is_no_other_optimizer():
    def batches():
        yield X[:BATCH], Y[:BATCH]
        yield X[:BATCH], Y[:BATCH]

    model = compiled()
    hand = TanhReplay(model.get_weights(), replay.sgd)
    model.fit(
        batches(),
        epochs=2,  # the second finds no batch
        steps_per_epoch=2,
        verbose=0,
        callbacks=[FineTuning({0: "head", 1: "all"})],
    )
    hand.train("head")
    for _ in range(2):
        hand.step(X[:BATCH], Y[:BATCH], learning_rate=RATE)
    check(model, hand)
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


def test_a_model_that_is_not_built_in_a_loop_without_fit():
    model = compiled(model=SubclassedMLP())
    callback = FineTuning({0: "head"})
    callback.set_params({"epochs": 2})
    callback.set_model(model)
    with pytest.raises(ValueError, match="built before the training"):
        callback.on_train_begin()
        callback.on_epoch_begin(0)
        callback.on_epoch_end(0)


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


def test_epochs_may_be_numpys_integers():
    stages = {np.int64(0): "head", np.int64(2): "all"}
    assert ktk.callbacks.FineTuning(stages).stages is stages

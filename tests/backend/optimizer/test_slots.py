"""Re-forming keeps what an optimizer remembers of the variables that stay."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.optimizer.decay_exclusion import decays
from keras_trainkit.backend.optimizer.slots import build_over_what_trains
from keras_trainkit.backend.optimizer.slots import counter
from keras_trainkit.backend.optimizer.slots import form_over_what_trains
from tests.helpers.tanh_net import tanh_net

RATE = 0.05


OPTIMIZERS = {
    "SGD": {},
    "SGD momentum": {"momentum": 0.9},
    "SGD nesterov": {"momentum": 0.9, "nesterov": True},
    "SGD ema": {"use_ema": True, "ema_momentum": 0.7},
    "SGD accumulation": {"gradient_accumulation_steps": 3},
    "RMSprop": {},
    "RMSprop momentum centered": {"momentum": 0.5, "centered": True},
    "Adam": {},
    "Adam amsgrad": {"amsgrad": True},
    "AdamW": {"weight_decay": 0.1},
    "Adamax": {},
    "Nadam": {},
    "Lion": {},
    "Lamb": {},
    "Adafactor": {},
    "Adagrad": {},
    "Adadelta": {},
    "Ftrl": {},
    "Muon": {"exclude_layers": ["head"]},
    "ScheduleFreeAdamW": {},
}
if not hasattr(keras.optimizers, "ScheduleFreeAdamW"):
    del OPTIMIZERS["ScheduleFreeAdamW"]  # Keras 3.14


def make(case):
    kind = getattr(keras.optimizers, case.split()[0])
    return kind(learning_rate=RATE, **OPTIMIZERS[case])


def scaled(case):
    return keras.optimizers.LossScaleOptimizer(make(case), initial_scale=8.0)


def model_with(optimizer, *names):
    model = tanh_net()
    train(model, *names)
    model.compile(optimizer, "mse")
    return model


def train(model, *names):
    for layer in model.layers:
        layer.trainable = not names or layer.name in names


def step(model, seed):
    """One update with given gradients; frozen weights get theirs later."""
    rng = np.random.default_rng(seed)
    every = {
        id(w): (10 * rng.normal(size=w.shape)).astype("float32")
        for w in model.weights
    }
    optimizer, variables = model.optimizer, model.trainable_variables
    if not optimizer.built:
        build_over_what_trains(model)
    gradients = [keras.ops.convert_to_tensor(every[id(w)]) for w in variables]
    if keras.backend.backend() != "jax":
        optimizer.apply(gradients, variables)
        return
    # Keras's conditions on JAX are for stateless steps alone.
    moved = optimizer.stateless_apply(
        [v.value for v in optimizer.variables],
        gradients,
        [v.value for v in variables],
    )
    for state, tensors in zip(
        (variables, optimizer.variables), moved, strict=True
    ):
        for variable, tensor in zip(state, tensors, strict=True):
            variable.assign(tensor)


def values(optimizer):
    """Sorted `(name, shape, numbers)` of all that an optimizer remembers."""
    # Nadam's product of momenta is numbered through all optimizers.
    return sorted(
        (
            v.path.split("/")[-1].rstrip("_0123456789"),
            tuple(v.shape),
            np.array(v).tolist(),
        )
        for v in optimizer.variables
        if v.name != "learning_rate"
    )


@pytest.mark.parametrize(
    "case, wrap",
    [
        *((case, make) for case in OPTIMIZERS),
        ("SGD ema", scaled),
        ("Nadam", scaled),
    ],
)
def test_variables_that_stay_train_as_if_nothing_had_happened(case, wrap):
    """Against an optimizer of Keras that has the stage's variables only."""
    ours = model_with(wrap(case), "head")
    theirs = model_with(wrap(case), "head")
    for seed in range(2):
        step(ours, seed)
        step(theirs, seed)
    optimizer = ours.optimizer
    train(ours)
    form_over_what_trains(ours)
    for seed in range(2, 4):
        step(ours, seed)
        step(theirs, seed)
    assert ours.optimizer is optimizer
    for mine, other in zip(
        ours.get_layer("head").weights,
        theirs.get_layer("head").weights,
        strict=True,
    ):
        np.testing.assert_array_equal(mine, other)
    missing = [
        v for v in values(theirs.optimizer) if v not in values(optimizer)
    ]
    assert missing == []


@pytest.mark.parametrize("case", OPTIMIZERS)
def test_freezing_forgets_and_thawing_begins_anew(case):
    model = model_with(make(case))
    for seed in range(2):
        step(model, seed)
    train(model, "head")
    form_over_what_trains(model)
    fewer = len(model.optimizer.variables)
    fresh = model_with(make(case), "head")
    build_over_what_trains(fresh)
    assert fewer == len(fresh.optimizer.variables)
    train(model)
    form_over_what_trains(model)
    # What is new equals what a new optimizer over these weights begins with.
    new = model_with(make(case), "low", "high")
    for ours, weights in zip(new.weights, model.get_weights(), strict=True):
        ours.assign(weights)
    build_over_what_trains(new)
    if new.optimizer.use_ema:
        averages = new.optimizer._model_variables_moving_average
        for average, weight in zip(
            averages, new.trainable_variables, strict=True
        ):
            average.assign(weight)
    held = values(model.optimizer)
    shared = ("iteration", "variable")  # by all weights
    expected = [v for v in values(new.optimizer) if v[0] not in shared]
    assert [v for v in expected if v not in held] == []


def test_hyperparameters_stay():
    optimizer = keras.optimizers.SGD(RATE, momentum=0.9, clipnorm=1.0)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    model = model_with(optimizer)
    build_over_what_trains(model)
    optimizer.momentum = 0.5
    optimizer.learning_rate = 0.25
    optimizer.note = {"mine": 1}
    config = optimizer.get_config()
    train(model, "head")
    form_over_what_trains(model)
    assert optimizer.get_config() == config
    assert optimizer.note == {"mine": 1}
    kernel, bias = model.get_layer("head").weights
    assert decays(optimizer, kernel)
    assert not decays(optimizer, bias)


class Sign(keras.optimizers.Optimizer):
    """A custom optimizer that says nothing about its argument."""

    def __init__(self, learning_rate=0.1, power=1.0, **kwargs):
        super().__init__(learning_rate, **kwargs)
        self.power = power

    def update_step(self, gradient, variable, learning_rate):
        rate = keras.ops.cast(learning_rate, variable.dtype)
        self.assign_sub(variable, rate**self.power * keras.ops.sign(gradient))


@pytest.mark.parametrize(
    "power", [2.0, np.float32(2.0), (1, 2.0), [2.0], abs], ids=repr
)
def test_arguments_missing_from_a_config_stay(power):
    model = model_with(Sign(RATE, power=power))
    build_over_what_trains(model)
    train(model, "head")
    form_over_what_trains(model)
    assert model.optimizer.power == power
    assert float(model.optimizer.learning_rate) == pytest.approx(RATE)


class DictSlots(keras.optimizers.SGD):
    def build(self, variables):
        super().build(variables)
        self.extra = {v.path: self.add_variable(v.shape) for v in variables}


@pytest.mark.parametrize("wrapped", [False, True])
def test_slots_that_cannot_be_told_apart_change_nothing(wrapped):
    inner = DictSlots(RATE, momentum=0.9)
    wrapper = keras.optimizers.LossScaleOptimizer
    model = model_with(wrapper(inner) if wrapped else inner)
    step(model, 0)
    before, kept = dict(vars(inner)), values(model.optimizer)
    train(model, "head")
    with pytest.raises(ValueError, match="Freeze or unfreeze before `compile`"):
        form_over_what_trains(model)
    assert vars(inner) == before
    assert values(model.optimizer) == kept


def test_a_schedule_without_a_config_stays():
    class Halving(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            return RATE * 0.5 ** keras.ops.cast(step, "float32")

    schedule = Halving()
    schedule.get_config = dict
    model = model_with(keras.optimizers.SGD(schedule))
    step(model, 0)
    train(model, "head")
    form_over_what_trains(model)
    assert model.optimizer._learning_rate is schedule
    assert float(model.optimizer.learning_rate) == pytest.approx(RATE / 2)


# The privates of Keras that re-forming reads.


def test_keras_keeps_an_optimizer_s_variables_where_we_look():
    optimizer = keras.optimizers.Adam(RATE)
    model = model_with(optimizer)
    step(model, 0)
    assert [id(v) for v in optimizer._trainable_variables] == [
        id(v) for v in model.trainable_variables
    ]
    assert {id(v) for v in optimizer._variables} == {
        id(v) for v in optimizer.variables
    }
    assert isinstance(optimizer._learning_rate, keras.Variable)
    assert len(optimizer._momentums) == len(model.trainable_variables)


@pytest.mark.parametrize("case", ["SGD", "SGD accumulation"])
def test_the_counter_counts_batches(case):
    model = model_with(make(case))
    for seed in range(2):
        step(model, seed)
    assert int(counter(model.optimizer).value) == 2

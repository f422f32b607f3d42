"""A `fit` between a snapshot and its restoration leaves no trace."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.optimizer.anatomy import innermost
from keras_trainkit.backend.optimizer.anatomy import unshare_averages
from keras_trainkit.scheduling.snapshot import TrainingSnapshot
from tests.helpers.arrays import to_numpy
from tests.helpers.fit_state import changes
from tests.helpers.fit_state import fit_state
from tests.helpers.hidden_state import MODELS as HIDDEN
from tests.helpers.hidden_state import called
from tests.helpers.models import FEATURES
from tests.helpers.models import regression_data

X, Y = regression_data(32)


def model_with_everything(built=True):
    keras.utils.set_random_seed(3)
    layers = [
        keras.layers.Dense(4),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.3),
        keras.layers.Dense(1),
    ]
    first = [keras.Input((FEATURES,))] if built else []
    return keras.Sequential([*first, *layers])


def fit(model):
    model.fit(X, Y, batch_size=8, epochs=2, verbose=0)
    # On JAX plain Keras cannot fit twice with an average, see there.
    unshare_averages(innermost(model.optimizer))


OPT = keras.optimizers
OPTIMIZERS = {
    "sgd": lambda: OPT.SGD(0.1),
    "adam with an average": lambda: OPT.Adam(0.1, use_ema=True),
    "loss scaling": lambda: OPT.LossScaleOptimizer(OPT.Adam(0.1)),
    "accumulation": lambda: OPT.SGD(
        0.1, momentum=0.9, gradient_accumulation_steps=3
    ),
}


def compiled(optimizer, **options):
    model = model_with_everything(**options)
    model.compile(OPTIMIZERS[optimizer](), "mse", metrics=["mae"])
    return model


@pytest.mark.parametrize(
    "optimizer, trained",
    [*((name, True) for name in OPTIMIZERS), ("accumulation", False)],
)
def test_all_is_as_it_was(optimizer, trained):
    model = compiled(optimizer)
    if trained:
        fit(model)
    before = fit_state(model)
    state = TrainingSnapshot(model)
    fit(model)
    model.optimizer.learning_rate = 7.0
    assert {"variables", "optimizer"} <= set(changes(before, fit_state(model)))
    state.restore()
    # `history` is put back by who calls `fit`, which returns it.
    before["attributes"][0] = model.__dict__.get("history")
    assert changes(before, fit_state(model)) == []


@pytest.mark.parametrize("optimizer", ["adam with an average", "loss scaling"])
def test_training_goes_on_as_if_nothing_had_been(optimizer):
    first, second = compiled(optimizer), compiled(optimizer)
    keras.utils.set_random_seed(4)
    fit(first)
    keras.utils.set_random_seed(4)
    state = TrainingSnapshot(second)
    fit(second)
    state.restore()
    fit(second)
    expected = fit_state(first)
    found = fit_state(second)
    assert set(changes(expected, found)) <= {"attributes"}
    assert first.history.history == second.history.history


def test_an_unbuilt_optimizer_is_as_new_and_can_be_saved(tmp_path):
    model = compiled("adam with an average")
    names = [v.name for v in model.optimizer.variables]
    state = TrainingSnapshot(model)
    fit(model)
    state.restore()
    assert not model.optimizer.built
    assert [v.name for v in model.optimizer.variables] == names
    fit(model)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for ours, theirs in zip(
        loaded.optimizer.variables, model.optimizer.variables, strict=True
    ):
        np.testing.assert_array_equal(
            *(keras.ops.convert_to_numpy(v.value) for v in (ours, theirs))
        )


def test_variables_made_meanwhile_go_back_to_what_they_began_with():
    model = compiled("sgd", built=False)
    state = TrainingSnapshot(model)
    model.build((None, FEATURES))
    state.include_new()
    weights = model.get_weights()
    fit(model)
    state.restore()
    for ours, theirs in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_model_that_was_never_compiled():
    model = model_with_everything()
    weights = model.get_weights()
    state = TrainingSnapshot(model)
    model.set_weights([w + 1 for w in weights])
    state.restore()
    for ours, theirs in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_compiled_functions_of_before_still_work():
    model = compiled("sgd")
    fit(model)
    before = model.predict(X, verbose=0), model.evaluate(X, Y, verbose=0)
    state = TrainingSnapshot(model)
    fit(model)
    state.restore()
    after = model.predict(X, verbose=0), model.evaluate(X, Y, verbose=0)
    np.testing.assert_array_equal(before[0], after[0])
    assert before[1] == after[1]


def test_gradients_and_modes_of_torch_are_put_back():
    model = compiled("sgd")
    modes = [getattr(layer, "training", None) for layer in model.layers]
    state = TrainingSnapshot(model)
    fit(model)
    state.restore()
    assert [getattr(la, "training", None) for la in model.layers] == modes
    values = [v.value for v in model.trainable_variables]
    assert all(getattr(value, "grad", None) is None for value in values)


@pytest.mark.parametrize("built", [False, True])
def test_an_optimizer_beside_the_compiled_one_is_put_back(built):
    model = compiled("sgd")
    model.critic = critic = OPTIMIZERS["adam with an average"]()
    if built:
        critic.build(model.trainable_variables)
    before = [to_numpy(v.value) for v in critic.variables]
    state = TrainingSnapshot(model)
    critic.apply(
        [keras.ops.ones(v.shape) for v in model.trainable_variables],
        model.trainable_variables,
    )
    state.restore()
    assert critic.built == built
    for variable, value in zip(critic.variables, before, strict=True):
        np.testing.assert_array_equal(to_numpy(variable.value), value)


# State that `model.variables` does not show.


@pytest.mark.parametrize("make", HIDDEN.values(), ids=HIDDEN)
def test_the_same_outputs_come_again(make):
    model = make()
    called(model)
    state = TrainingSnapshot(model)
    first = called(model)
    assert not np.array_equal(called(model), first)
    state.restore()
    np.testing.assert_array_equal(called(model), first)

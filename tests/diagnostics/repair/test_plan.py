import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics.repair.plan import Patient
from keras_trainkit.diagnostics.repair.plan import Plan
from keras_trainkit.optimizers import LayerwiseLearningRate
from tests.helpers.fit_state import changes
from tests.helpers.fit_state import random_states

pytestmark = pytest.mark.one_backend

L = keras.layers
X = np.random.default_rng(0).normal(size=(12, 3)).astype("float32")
Y = np.arange(12) % 2


def compiled(model, optimizer="adam", **kwargs):
    model.compile(optimizer, "binary_crossentropy", **kwargs)
    return model


def stack(*layers):
    return keras.Sequential([*layers, L.Dense(1, activation="sigmoid")])


def test_without_changes_the_plan_builds_the_same_training():
    optimizer = keras.optimizers.SGD(0.3, momentum=0.7)
    model = compiled(stack(keras.Input((3,))), optimizer, metrics=["accuracy"])
    plan = Plan(Patient(model, X, Y, {"epochs": 4}))
    new = plan.build()
    given, copy = model.get_compile_config(), new.get_compile_config()
    assert {**copy, "optimizer": None} == {**given, "optimizer": None}
    found, expected = new.optimizer.get_config(), optimizer.get_config()
    assert {**found, "name": ""} == {**expected, "name": ""}
    assert plan.fit_arguments() == {"epochs": 4}
    assert new.optimizer is not optimizer


def test_a_model_that_is_not_built_stays_so():
    model = compiled(stack())
    before = random_states()
    patient = Patient(model, X, Y)
    assert changes(before, random_states()) == []
    new = Plan(patient).build()
    assert not model.built
    assert new.predict(X, verbose=0).shape == (12, 1)


def test_a_scaled_optimizer_scales_in_the_copy():
    inner = keras.optimizers.Adam(0.25)
    model = compiled(
        stack(keras.Input((3,))), keras.optimizers.LossScaleOptimizer(inner)
    )
    plan = Plan(Patient(model, X, Y), settings={"learning_rate": 0.5})
    optimizer = plan.build().optimizer
    assert type(optimizer) is keras.optimizers.LossScaleOptimizer
    assert float(optimizer.inner_optimizer.learning_rate) == 0.5


class Subclassed(keras.Model):
    def call(self, x):
        return x


REFUSED = {
    "no model": (lambda: "model", TypeError),
    "a subclass": (lambda: compiled(Subclassed()), TypeError),
    "not compiled": (lambda: stack(keras.Input((3,))), ValueError),
    "rates of layers": (
        lambda: compiled(
            stack(keras.Input((3,))),
            LayerwiseLearningRate(keras.optimizers.SGD(), {"*": 0.5}),
        ),
        ValueError,
    ),
}


@pytest.mark.parametrize(("make", "error"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_repaired_is_refused(make, error):
    with pytest.raises(error, match="must be"):
        Patient(make(), X, Y)

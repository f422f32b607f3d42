import keras
import numpy as np
import pytest

from keras_trainkit.backend.optimizer.decay_exclusion import decays
from keras_trainkit.diagnostics import Repair
from keras_trainkit.diagnostics import apply_repairs

pytestmark = pytest.mark.one_backend

L = keras.layers
X = np.random.default_rng(0).normal(size=(20, 4)).astype("float32")
Y = np.array([0] * 15 + [1] * 5)


def patient(optimizer="sgd", loss="binary_crossentropy", **kwargs):
    model = keras.Sequential(
        [keras.Input((4,)), L.Dense(1, activation="sigmoid")]
    )
    model.compile(optimizer, loss, **kwargs)
    return model


def made(model, *repairs, y=Y):
    return apply_repairs(model, list(repairs), X, y, {"epochs": 3})


def test_a_loss_by_name():
    assert made(patient(), Repair("loss", "mse")).model.loss == "mse"


def test_a_loss_with_arguments():
    loss = {"name": "binary_crossentropy", "label_smoothing": 0.1}
    new = made(patient(), Repair("loss", loss)).model.loss
    assert type(new) is keras.losses.BinaryCrossentropy
    assert new.get_config()["label_smoothing"] == 0.1


def test_logits_keep_the_other_arguments_of_the_loss():
    loss = keras.losses.BinaryCrossentropy(True, label_smoothing=0.2)
    new = made(patient(loss=loss), Repair("from_logits", False)).model.loss
    assert new.get_config()["from_logits"] is False
    assert new.get_config()["label_smoothing"] == 0.2


def test_an_accuracy_of_one_loss_is_that_of_another():
    model = patient(metrics=[keras.metrics.BinaryAccuracy(), "mae"])
    new = made(model, Repair("loss", "sparse_categorical_crossentropy"))
    metrics = new.model.get_compile_config()["metrics"]
    assert metrics == ["accuracy", "mae"]


def test_metrics_are_replaced():
    new = made(patient(metrics=["accuracy"]), Repair("metrics", ["mae"]))
    assert new.model.get_compile_config()["metrics"] == ["mae"]


OPTIMIZERS = {
    "rate": ([Repair("learning_rate", 0.5)], {"learning_rate": 0.5}),
    "momentum": ([Repair("momentum", 0.5)], {"momentum": 0.5}),
    "another": ([Repair("optimizer", "adam")], {"beta_1": 0.9}),
    "another's rate": (
        [Repair("learning_rate", 0.5), Repair("optimizer", "adam")],
        {"beta_1": 0.9, "learning_rate": 0.5},
    ),
    "another's momentum": (
        [Repair("momentum", 0.5), Repair("optimizer", "adam")],
        {"beta_1": 0.5},
    ),
    "clipping": (
        [Repair("clipnorm", 1.0)],
        {"clipnorm": 1.0, "global_clipnorm": None},
    ),
    "arguments": (
        [Repair("optimizer", {"name": "SGD", "nesterov": True})],
        {"momentum": 0.0, "nesterov": True},
    ),
}


@pytest.mark.parametrize(
    ("repairs", "expected"), OPTIMIZERS.values(), ids=OPTIMIZERS
)
def test_an_optimizer_is_changed(repairs, expected):
    model = patient(keras.optimizers.SGD(0.1, clipnorm=3.0, nesterov=False))
    new = made(model, *repairs).model.optimizer
    config = new.get_config()
    assert {name: config[name] for name in expected} == expected


def test_a_schedule_gives_way_to_a_rate():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 9, 0.5)
    model = patient(keras.optimizers.SGD(schedule, momentum=0.5))
    new = made(model, Repair("learning_rate", 0.25)).model.optimizer
    assert float(new.learning_rate) == 0.25
    assert new.momentum == 0.5


SCALED = {
    "bare": lambda one: one,
    "scaled": keras.optimizers.LossScaleOptimizer,
}


@pytest.mark.parametrize("wrap", SCALED.values(), ids=SCALED)
def test_what_decay_leaves_alone_is_left_alone(wrap):
    optimizer = keras.optimizers.AdamW(weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer = wrap(optimizer)
    new = made(patient(optimizer), Repair("learning_rate", 0.25)).model
    kernel, bias = new.trainable_variables
    assert decays(new.optimizer, kernel)
    assert not decays(new.optimizer, bias)


def test_arguments_of_fit():
    repairs = [
        Repair("epochs", 7),
        Repair("batch_size", 5),
        Repair("shuffle"),
        Repair("class_weight", {0: 1.0, 1: 4.0}),
    ]
    assert made(patient(), *repairs).fit_kwargs == {
        "epochs": 7,
        "batch_size": 5,
        "shuffle": True,
        "class_weight": {0: 1.0, 1: 4.0},
    }


def test_without_weights_every_class_counts_alike():
    weights = made(patient(), Repair("class_weight")).fit_kwargs["class_weight"]
    assert weights[0] * 15 == pytest.approx(weights[1] * 5)
    assert weights[0] * 15 + weights[1] * 5 == pytest.approx(20)


def test_several_outputs_need_a_path():
    inputs = keras.Input((4,))
    one = L.Dense(1, activation="sigmoid", name="one")(inputs)
    two = L.Dense(1, name="two")(inputs)
    model = keras.Model(inputs, [one, two])
    model.compile("sgd", ["binary_crossentropy", "mse"])
    new = apply_repairs(model, [Repair("loss", "mae", "two")], X, [Y, X[:, 0]])
    assert new.model.loss == ["binary_crossentropy", "mae"]
    with pytest.raises(ValueError, match="path of an output layer"):
        apply_repairs(model, [Repair("loss", "mae")], X, [Y, X[:, 0]])


WRONG = {
    "no rate": Repair("learning_rate", 0.0),
    "no momentum": Repair("momentum", 1.0),
    "no clipping": Repair("clipnorm", -1.0),
    "no epochs": Repair("epochs", 0),
    "no loss": Repair("loss", "no such loss"),
    "no optimizer": Repair("optimizer", "no such optimizer"),
    "no coding": Repair("targets", "binary"),
}


@pytest.mark.parametrize("repair", WRONG.values(), ids=WRONG)
def test_what_cannot_be_made_is_refused(repair):
    with pytest.raises(ValueError):
        made(patient(), repair)


def test_logits_of_another_loss_are_refused():
    with pytest.raises(ValueError, match="a crossentropy"):
        made(patient(loss="mse"), Repair("from_logits", True))

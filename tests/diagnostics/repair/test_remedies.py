import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics import Repair
from keras_trainkit.diagnostics.repair.plan import Patient
from keras_trainkit.diagnostics.repair.remedies import remedies

pytestmark = pytest.mark.one_backend

L = keras.layers
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4)).astype("float32")
THREE = np.arange(60) % 3


def patient(end, loss, y=THREE, hidden="relu", x=X, optimizer="adam", **fit):
    stack = [L.Dense(8, hidden, name=f"hidden_{i}") for i in range(2)]
    model = keras.Sequential(
        [keras.Input((4,)), *stack, L.Dense(*end, name="head")]
    )
    model.compile(optimizer, loss)
    return Patient(model, x, y, fit)


def repairs(given, name):
    found = {one.name: one.repairs for one in remedies(given)}
    return [(one.kind, one.value, one.where) for one in found[name]]


def names(given, sound=True):
    return [one.name for one in remedies(given) if one.sound or not sound]


OUTPUT = "output and loss for the targets"
SOFTMAX = ("activation", "softmax", "head")
SPARSE = ("loss", "sparse_categorical_crossentropy", "")
ENDS = {
    "values of classes": (
        (1, "relu"), "mse", THREE, [SPARSE, SOFTMAX, ("units", 3, "head")],
    ),
    "one-hot": (
        (3, "sigmoid"), "mse", np.eye(3)[THREE],
        [("loss", "categorical_crossentropy", ""), SOFTMAX],
    ),
    "from one": (
        (3, "softmax"), "sparse_categorical_crossentropy", THREE + 1,
        [SPARSE, ("targets", "sparse", "")],
    ),
    "two classes": (
        (1, "softmax"), "mse", THREE % 2,
        [("loss", "binary_crossentropy", ""),
         ("activation", "sigmoid", "head")],
    ),
    "measured": (
        (1, "sigmoid"), "binary_crossentropy", X[:, 0],
        [("loss", "mse", ""), ("activation", "linear", "head")],
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("end", "loss", "y", "expected"), ENDS.values(), ids=ENDS
)
def test_output_and_loss_follow_from_the_targets(end, loss, y, expected):
    assert repairs(patient(end, loss, y), OUTPUT) == expected


@pytest.mark.parametrize("logits", [False, True], ids=["softmax", "logits"])
def test_what_fits_the_targets_is_left_alone(logits):
    loss = keras.losses.SparseCategoricalCrossentropy(logits)
    given = patient((3, None if logits else "softmax"), loss)
    assert OUTPUT not in names(given)


def test_a_sound_training_needs_no_more_than_updates():
    given = patient((3, "softmax"), "sparse_categorical_crossentropy")
    loud = set(names(given)) - {"Adam, rate 0.01"}
    assert all("epochs" in n or "batches" in n or "wider" in n for n in loud)


def test_saturating_layers_become_relu():
    given = patient((3, "softmax"), "mse", hidden="sigmoid")
    found = repairs(given, "ReLU with He's initialiser")
    assert ("activation", "relu", "hidden_0") in found
    assert ("initializer", "he_normal", "hidden_1") in found


def test_large_inputs_and_targets_are_scaled():
    given = patient((1, None), "mse", X[:, 0] * 500, x=X * 90)
    assert {"standardise", "scale targets"} <= set(names(given))


def test_batches_of_everything_and_of_one_are_changed():
    x, y = np.repeat(X, 4, 0), np.repeat(THREE, 4)
    huge = patient((3, "softmax"), "mse", y, x=x, batch_size=240)
    assert repairs(huge, "batches of 16") == [("batch_size", 16, "")]
    single = patient((3, "softmax"), "mse", y, x=x, batch_size=1)
    assert repairs(single, "batches of 32") == [("batch_size", 32, "")]


def test_uneven_classes_are_weighed():
    given = patient((1, "sigmoid"), "mse", np.arange(60) % 10 == 0)
    assert repairs(given, "class weights") == [("class_weight", None, "")]


def test_all_can_be_made():
    from keras_trainkit.diagnostics.repair.apply_repairs import planned

    given = patient((1, "softmax"), "mse", shuffle=False, hidden="sigmoid")
    made = [planned(given, one.repairs).build() for one in remedies(given)[:3]]
    assert all(one.built for one in made)
    assert Repair("shuffle", True) in [
        repair for one in remedies(given) for repair in one.repairs
    ]

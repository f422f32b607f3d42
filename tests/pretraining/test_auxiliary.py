"""A model, trained under a temporary head on labels made of its inputs."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.pretraining.auxiliary import PairHead
from keras_trainkit.pretraining.auxiliary import auxiliary
from keras_trainkit.pretraining.corruption import mask
from keras_trainkit.pretraining.free_labels import pairs
from keras_trainkit.pretraining.free_labels import rotations
from keras_trainkit.pretraining.free_labels import which_half_first
from tests.helpers.arrays import to_numpy
from tests.helpers.encoders import FIT
from tests.helpers.encoders import IMAGES
from tests.helpers.encoders import ROWS
from tests.helpers.encoders import conv_encoder
from tests.helpers.encoders import dense_encoder
from tests.helpers.encoders import same
from tests.helpers.encoders import values

L = keras.layers


@pytest.fixture(scope="module")
def turned():
    model = conv_encoder()
    model.compile("sgd", "mae")
    optimizer = model.optimizer
    keras.utils.set_random_seed(3)
    returned = auxiliary(
        model,
        IMAGES,
        rotations(),
        optimizer=keras.optimizers.SGD(0.5),
        epochs=2,
        validation_data=IMAGES[:8],
        **FIT,
    )
    return model, returned, optimizer


def by_hand():
    """The same in plain Keras."""
    x = np.stack([np.rot90(IMAGES, k, (1, 2)) for k in range(4)], axis=1)
    x, y = x.reshape(-1, 4, 4, 1), np.tile(np.arange(4), len(IMAGES))
    model = conv_encoder()
    keras.utils.set_random_seed(3)
    head = [L.Flatten(), L.Dense(4, "softmax")]
    whole = keras.Sequential([keras.Input((4, 4, 1)), model, *head])
    whole.compile(
        keras.optimizers.SGD(0.5),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,
    )
    data = (x[:32], y[:32])
    return model, whole.fit(x, y, epochs=2, validation_data=data, **FIT)


def test_it_is_what_a_model_by_hand_gives(turned):
    model, history = by_hand()
    for one, other in zip(values(turned[0]), values(model), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)
    found = turned[0].history.history
    assert sorted(found) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    for name, expected in history.history.items():
        np.testing.assert_allclose(found[name], expected, rtol=1e-3)


def test_the_head_is_gone_and_the_rest_is_as_it_was(turned):
    model, returned, optimizer = turned
    assert returned is model
    assert model.optimizer is optimizer and not optimizer.built
    assert [type(layer) for layer in model.layers] == [L.Conv2D]
    model = ktk.transfer.replace_head(model, [L.Flatten(), L.Dense(2)], drop=0)
    assert model.output_shape == (None, 2)


def labels_of_signs(x):
    return x, (x[:, 0] > 0).astype("int64")


TASKS = {
    "a siamese pair": pairs(seed=1),
    "a function": labels_of_signs,
    "hidden features": mask(seed=1),
}


@pytest.mark.parametrize("name", TASKS)
def test_every_kind_of_task_trains_the_model(name):
    model = dense_encoder()
    before = values(model)
    auxiliary(model, ROWS, TASKS[name], epochs=1, **FIT)
    moved = [
        not np.array_equal(one, other)
        for one, other in zip(values(model), before, strict=True)
    ]
    assert all(moved)
    assert ("accuracy" in model.history.history) == (name != "hidden features")


def test_a_head_and_a_loss_of_ones_own():
    model = dense_encoder()

    def task(x):
        return x, x.sum(axis=1, keepdims=True)

    auxiliary(model, ROWS, task, L.Dense(1), "mae", epochs=1, **FIT)
    assert list(model.history.history) == ["loss"]


def test_the_head_of_a_pair_does_not_ask_who_comes_first():
    head = PairHead(3)
    one, other = ROWS[:4].reshape(4, 2, 3), ROWS[4:8].reshape(4, 2, 3)
    found = to_numpy(head([one, other]))
    np.testing.assert_array_equal(found, to_numpy(head([other, one])))
    one, other = one.reshape(4, 6), other.reshape(4, 6)
    features = np.hstack([np.abs(one - other), one * other])
    kernel, bias = head.get_weights()
    np.testing.assert_allclose(found, features @ kernel + bias, atol=1e-5)


def frozen():
    model = dense_encoder()
    model.trainable = False
    return model


BAD = {
    "frozen": (frozen, {}, ValueError, "All of its layers are frozen"),
    "no model": (lambda: L.Dense(2), {}, TypeError, "`model` must be"),
    "no task": (dense_encoder, {"task": "rotations"}, TypeError, "`task`"),
    "no pair": (dense_encoder, {"task": lambda x: x[0]}, ValueError, "x', y'"),
    "a dataset": (
        dense_encoder,
        {"x": iter([ROWS])},
        TypeError,
        "Collect the batches of a dataset",
    ),
    "other rows": (
        dense_encoder,
        {"task": lambda x: (x, np.zeros(3, int))},
        ValueError,
        r"as many rows, not \[3, 48\]",
    ),
    "other features": (
        dense_encoder,
        {"task": lambda x: (x[:, :4], np.zeros(48, int))},
        ValueError,
        r"takes: \(6,\)",
    ),
    "one class": (
        dense_encoder,
        {"task": lambda x: (x, np.zeros(48, int))},
        ValueError,
        "two or more classes",
    ),
    "no classes": (
        dense_encoder,
        {"task": lambda x: (x, x)},
        ValueError,
        "pass a `head` and a `loss`",
    ),
    "three inputs": (
        dense_encoder,
        {"task": lambda x: ((x, x, x), np.arange(48) % 2)},
        ValueError,
        "for 3 inputs",
    ),
    "a head alone": (
        dense_encoder,
        {"head": L.Dense(2)},
        ValueError,
        "given together",
    ),
    "no layer": (
        dense_encoder,
        {"head": 2, "loss": "mse"},
        TypeError,
        "`head` must be a Keras layer",
    ),
    "weights": (
        dense_encoder,
        {"sample_weight": ROWS},
        TypeError,
        "sample_weight",
    ),
    "no epochs": (dense_encoder, {"epochs": 0.5}, TypeError, "`epochs`"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_done_is_refused_and_nothing_changed(name):
    make, arguments, error, message = BAD[name]
    model = make()
    before = values(model)
    arguments = {"x": ROWS, "task": which_half_first(), **arguments}
    with pytest.raises(error, match=message):
        auxiliary(model, **{"epochs": 1, **FIT, **arguments})
    assert same(values(model), before)

"""One layer after the other: as by hand, and in what order."""

import keras
import numpy as np
import pytest

from keras_trainkit.pretraining.corruption import denoise
from keras_trainkit.pretraining.corruption import mask
from keras_trainkit.pretraining.stacked import Part
from keras_trainkit.pretraining.stacked import stacked
from tests.helpers.arrays import to_numpy
from tests.helpers.encoders import FIT
from tests.helpers.encoders import ROWS
from tests.helpers.encoders import Stop
from tests.helpers.encoders import dense_encoder
from tests.helpers.encoders import same
from tests.helpers.encoders import values
from tests.helpers.models import SubclassedMLP

L = keras.layers
RATE, EPOCHS = 0.2, 2


@pytest.fixture(scope="module")
def trained():
    encoder = dense_encoder()
    encoder.compile("sgd", "mae")
    optimizer, output = encoder.optimizer, encoder.layers[0].output
    keras.utils.set_random_seed(5)
    returned = stacked(
        encoder,
        ROWS,
        optimizer=keras.optimizers.SGD(RATE),
        epochs=EPOCHS,
        fine_tune_epochs=1,
        validation_data=ROWS[:16],
        **FIT,
    )
    return encoder, returned, optimizer, output


def fit(model, x, epochs, rows=16):
    model.compile(keras.optimizers.SGD(RATE), "mse", jit_compile=False)
    data = (x[:rows], x[:rows])
    return model.fit(x, x, epochs=epochs, validation_data=data, **FIT).history


def by_hand():
    """Hinton's procedure as a Keras user would write it down."""
    encoder = dense_encoder()
    low, high = encoder.layers
    keras.utils.set_random_seed(5)
    # Rows and columns as in the encoder; weights from the same seed.
    decoders = [L.Dense(6), L.Dense(5)]
    x, losses = ROWS, []
    for layer, decoder in zip((low, high), decoders, strict=True):
        model = keras.Sequential([keras.Input(x.shape[1:]), layer, decoder])
        losses.append(fit(model, x, EPOCHS))
        x = to_numpy(layer(x))
    model = keras.Sequential([keras.Input((6,)), low, high, *decoders[::-1]])
    losses.append(fit(model, ROWS, 1))
    return encoder, losses


def test_it_is_what_a_loop_by_hand_gives(trained):
    encoder, losses = by_hand()
    for one, other in zip(values(trained[0]), values(encoder), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)
    for stage, expected in zip(trained[0].history.stages, losses, strict=True):
        assert sorted(stage.history) == ["loss", "val_loss"]
        np.testing.assert_allclose(
            stage.history["loss"], expected["loss"], rtol=1e-4
        )
        np.testing.assert_allclose(
            stage.history["val_loss"], expected["val_loss"], rtol=1e-4
        )


def test_the_encoder_is_returned_and_otherwise_as_it_was(trained):
    encoder, returned, optimizer, output = trained
    assert returned is encoder
    assert encoder.optimizer is optimizer and not optimizer.built
    assert encoder.layers[0].output is output
    assert all(v.trainable for v in encoder.variables)


def test_the_history_goes_through_all_stages(trained):
    history = trained[0].history
    assert history.epoch == list(range(5))
    assert len(history.history["loss"]) == 5
    assert [len(stage.epoch) for stage in history.stages] == [2, 2, 1]


def test_a_frozen_layer_is_passed_over():
    encoder = dense_encoder()
    encoder.get_layer("low").trainable = False
    before = values(encoder)
    stacked(encoder, ROWS, denoise(0.1), epochs=1, **FIT)
    assert len(encoder.history.stages) == 1
    assert same(values(encoder)[:2], before[:2])
    assert not np.array_equal(values(encoder)[2], before[2])


def test_what_follows_a_layer_is_trained_with_it():
    layers = [
        L.Conv1D(2, 3, padding="same"),
        L.BatchNormalization(),
        L.ReLU(),
        L.MaxPooling1D(2),
        L.Flatten(),
        L.Dense(3),
    ]
    for layer in layers:
        layer.supports_jit = keras.backend.backend() != "tensorflow"
    encoder = keras.Sequential([keras.Input((6, 1)), *layers])
    before = values(encoder)
    stacked(encoder, ROWS[..., None], mask(0.3), epochs=1, **FIT)
    changed = [
        not np.array_equal(one, other)
        for one, other in zip(values(encoder), before, strict=True)
    ]
    # A bias before the normalisation has no gradient but rounding's.
    del changed[1]
    assert all(changed)
    assert len(encoder.history.stages) == 2


def test_an_interrupt_leaves_what_was_trained():
    encoder = dense_encoder()
    before = values(encoder)
    stop = Stop(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        stacked(encoder, ROWS, epochs=1, callbacks=[stop], **FIT)
    assert not same(values(encoder)[:2], before[:2])
    assert same(values(encoder)[2:], before[2:])
    assert np.isfinite(encoder.predict(ROWS[:2], verbose=0)).all()


def test_a_part_owns_its_layers_only():
    encoder = dense_encoder()
    part = Part(encoder.layers[:1])
    assert {id(v) for v in part.variables} == {
        id(v) for v in encoder.layers[0].variables
    }
    expected = to_numpy(encoder.layers[0](ROWS))
    np.testing.assert_array_equal(to_numpy(part(ROWS)), expected)


def subclassed():
    model = SubclassedMLP()
    model(ROWS)
    return model


def shared():
    inputs, layer = keras.Input((6,)), L.Dense(6)
    return keras.Model(inputs, layer(layer(inputs)))


BAD = {
    "subclassed": (subclassed, {}, TypeError, "`autoencode` with a decoder"),
    "twice": (shared, {}, ValueError, "each layer stands once"),
    "a dataset": (
        dense_encoder,
        {"x": iter([ROWS])},
        TypeError,
        "`autoencode` takes datasets",
    ),
    "other validation data": (
        dense_encoder,
        {"validation_data": (ROWS, ROWS)},
        TypeError,
        "`validation_data` must be",
    ),
    "patches too large for the second layer": (
        dense_encoder,
        {"corrupt": mask(patch=5)},
        ValueError,
        "`patch` must be",
    ),
    "no number of epochs": (
        dense_encoder,
        {"fine_tune_epochs": -1},
        ValueError,
        "`fine_tune_epochs`",
    ),
    "unknown": (dense_encoder, {"class_weight": {}}, TypeError, "class_weight"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_done_is_refused_before_training(name):
    make, arguments, error, message = BAD[name]
    encoder = make()
    before = values(encoder)
    with pytest.raises(error, match=message):
        stacked(encoder, **{"x": ROWS, "epochs": 1, **FIT, **arguments})
    assert same(values(encoder), before)

"""An encoder, trained in place: as by hand, and nothing else of it changed."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.pretraining.autoencode import autoencode
from keras_trainkit.pretraining.autoencode import ending_for
from keras_trainkit.pretraining.corruption import denoise
from keras_trainkit.pretraining.corruption import mask
from keras_trainkit.pretraining.mirrored_decoder import mirrored_decoder
from tests.helpers.arrays import to_numpy
from tests.helpers.encoders import FIT
from tests.helpers.encoders import ROWS
from tests.helpers.encoders import Stop
from tests.helpers.encoders import dense_encoder
from tests.helpers.encoders import eager_friendly
from tests.helpers.encoders import same
from tests.helpers.encoders import values
from tests.helpers.models import SubclassedMLP

L = keras.layers


@pytest.fixture(scope="module")
def trained():
    """An encoder that was compiled before, in part frozen, and a decoder."""
    encoder = dense_encoder()
    encoder.get_layer("low").trainable = False
    encoder.compile("sgd", "mae")
    decoder = mirrored_decoder(encoder)
    start = values(encoder), values(decoder)
    kept = encoder.optimizer, encoder.layers[0].output
    returned = autoencode(
        encoder,
        ROWS,
        decoder,
        optimizer=keras.optimizers.SGD(0.3),
        epochs=2,
        validation_data=ROWS[:16],
        **FIT,
    )
    return encoder, decoder, start, kept, returned


def by_hand(start, rows):
    """The same in a plain Keras loop."""
    encoder, decoder = dense_encoder(), mirrored_decoder(dense_encoder())
    for model, weights in zip((encoder, decoder), start, strict=True):
        for variable, value in zip(model.variables, weights, strict=True):
            variable.assign(value)
    encoder.get_layer("low").trainable = False
    model = keras.Sequential([keras.Input((6,)), encoder, decoder])
    model.compile(keras.optimizers.SGD(0.3), "mse", jit_compile=False)
    history = model.fit(
        rows, rows, epochs=2, validation_data=(rows[:16], rows[:16]), **FIT
    )
    return encoder, decoder, history


def test_it_is_what_a_loop_by_hand_gives(trained):
    encoder, decoder, start, *_ = trained
    theirs = by_hand(start, ROWS)
    for ours, other in zip((encoder, decoder), theirs, strict=False):
        for one, two in zip(values(ours), values(other), strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-5)
    expected = theirs[2].history
    assert sorted(encoder.history.history) == ["loss", "val_loss"]
    for name, losses in encoder.history.history.items():
        np.testing.assert_allclose(losses, expected[name], rtol=1e-4)
    assert encoder.history.epoch == [0, 1]


def test_sample_weights_weigh_the_rows():
    encoder = dense_encoder()
    decoder = mirrored_decoder(encoder)
    weights = np.linspace(0, 2, len(ROWS))
    predicted = to_numpy(decoder(encoder(ROWS)))
    fit = {"batch_size": 48, "epochs": 1, "verbose": 0}
    autoencode(encoder, ROWS, decoder, sample_weight=weights, **fit)
    expected = np.mean(weights * np.mean((predicted - ROWS) ** 2, axis=1))
    (loss,) = encoder.history.history["loss"]
    assert loss == pytest.approx(expected, rel=1e-4)
    start = values(encoder)
    with pytest.raises(ValueError, match=r"[Ss]ize|cardinality"):
        autoencode(encoder, ROWS, decoder, sample_weight=weights[:5], **fit)
    assert same(start, values(encoder))


def test_the_encoder_is_returned_trained_and_frozen_layers_are_not(trained):
    encoder, _, (start, _), _, returned = trained
    assert returned is encoder
    moved = [
        not np.array_equal(now, before)
        for now, before in zip(values(encoder), start, strict=True)
    ]
    assert moved == [False, False, True, True]


def test_flags_compile_state_and_graph_are_as_before(trained):
    encoder, _, _, (optimizer, output), _ = trained
    assert [v.trainable for v in encoder.variables] == [False] * 2 + [True] * 2
    assert encoder.optimizer is optimizer and encoder.loss == "mae"
    assert not optimizer.built
    assert encoder.layers[0].output is output
    assert encoder.history.model is None


def test_it_is_reused_saved_and_loaded_as_any_model(trained, tmp_path):
    encoder = trained[0]
    model = ktk.transfer.replace_head(encoder, L.Dense(1), drop=0)
    for one, other in zip(values(model), values(encoder), strict=False):
        np.testing.assert_array_equal(one, other)
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.models.load_model(tmp_path / "encoder.keras")
    assert same(values(loaded), values(encoder))


class Batches(keras.utils.PyDataset):
    """Rows with labels, as a dataset for another purpose has them."""

    def __len__(self):
        return 3

    def __getitem__(self, index):
        return ROWS[16 * index : 16 * index + 16], np.zeros(16)


DATA = {
    "rows": (lambda: ROWS, {}),
    "labels are left out": (Batches, {"batch_size": None}),
}


def test_a_dataset_with_labels_gives_what_rows_give():
    found = []
    for data, fit in DATA.values():
        encoder = dense_encoder()
        autoencode(encoder, data(), epochs=1, **{**FIT, **fit})
        found.append(values(encoder))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_a_tensorflow_dataset_is_taken():
    tf = pytest.importorskip("tensorflow", reason="tf.data is not installed")
    data = tf.data.Dataset.from_tensor_slices(ROWS).batch(16)
    encoder = dense_encoder()
    autoencode(encoder, data, epochs=1, verbose=0, shuffle=False)
    assert np.isfinite(encoder.history.history["loss"][0])


def test_a_seed_makes_the_noise_reproducible():
    def run():
        encoder = dense_encoder()
        task = denoise(0.5, seed=1)
        return values(autoencode(encoder, ROWS, None, task, epochs=1, **FIT))

    for one, other in zip(run(), run(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def test_mixed_precision_and_callbacks_of_an_encoder_that_is_not_compiled():
    encoder = dense_encoder(dtype="mixed_float16")
    losses = []
    seen = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: losses.append(logs["loss"])
    )
    fit = {"epochs": 2, "callbacks": [seen], **FIT}
    autoencode(encoder, ROWS, corrupt=mask(seed=1), **fit)
    assert losses == encoder.history.history["loss"]
    assert np.isfinite(losses).all()
    assert encoder.get_layer("low").compute_dtype == "float16"
    assert not encoder.compiled


def test_a_subclassed_encoder_with_a_decoder():
    encoder = SubclassedMLP()
    encoder(ROWS)
    encoder.head.supports_jit = keras.backend.backend() != "tensorflow"
    before = values(encoder)
    autoencode(encoder, ROWS, L.Dense(6), epochs=1, **FIT)
    assert not same(values(encoder), before)


@pytest.mark.parametrize(
    "loss, ending",
    [
        ("mse", None),
        ("binary_crossentropy", "sigmoid"),
        (keras.losses.BinaryCrossentropy(), "sigmoid"),
        (keras.losses.BinaryCrossentropy(from_logits=True), None),
        (keras.losses.binary_crossentropy, "sigmoid"),
    ],
)
def test_binary_cross_entropy_brings_its_sigmoid(loss, ending):
    assert ending_for(loss) == ending


class Broken(keras.utils.PyDataset):
    """Fails at a batch."""

    def __init__(self, at):
        super().__init__()
        self.at = at

    def __len__(self):
        return 4

    def __getitem__(self, index):
        if index == self.at:
            raise OSError("the disk is gone")
        return (ROWS[:16],)


STOPS = {
    "an interrupt": (ROWS, [Stop(KeyboardInterrupt(), 1)], KeyboardInterrupt),
    # What has been trained by then: batches are fetched ahead.
    "the data": (Broken(2), [], Exception),
}


@pytest.mark.parametrize("name", STOPS)
def test_an_exception_leaves_an_encoder_that_can_be_used(name):
    x, callbacks, error = STOPS[name]
    encoder = dense_encoder()
    before = values(encoder)
    fit = {**FIT, "batch_size": 16 if x is ROWS else None}
    with pytest.raises(error):
        autoencode(encoder, x, epochs=2, callbacks=callbacks, **fit)
    assert np.isfinite(encoder.predict(ROWS[:2], verbose=0)).all()
    assert not encoder.compiled and "history" not in vars(encoder)
    assert all(v.trainable for v in encoder.variables)
    assert x is not ROWS or not same(values(encoder), before)


class Unfit(keras.layers.Layer):
    """Cannot be computed, which a step finds out."""

    def call(self, inputs):
        raise ArithmeticError("not today")


def test_a_first_step_that_fails_leaves_the_weights_as_they_were():
    encoder = dense_encoder()
    before = values(encoder)
    with pytest.raises(Exception, match="not today"):
        autoencode(encoder, ROWS, Unfit(), epochs=1, **FIT)
    assert same(values(encoder), before)


def frozen():
    encoder = dense_encoder()
    encoder.trainable = False
    return encoder


def used():
    optimizer = keras.optimizers.SGD()
    optimizer.build(dense_encoder().trainable_variables)
    return optimizer


BAD = {
    "frozen": (frozen, {}, ValueError, "All of its layers are frozen"),
    "no model": (lambda: L.Dense(2), {}, TypeError, "`encoder` must be"),
    "other features": (
        dense_encoder,
        {"x": ROWS[:, :4]},
        ValueError,
        r"takes: \(6,\)",
    ),
    "no rows": (dense_encoder, {"x": ROWS[:0]}, ValueError, "not empty"),
    "lists": (dense_encoder, {"x": [ROWS]}, TypeError, "one array, or a"),
    "another shape": (
        dense_encoder,
        {"decoder": L.Dense(4)},
        ValueError,
        "`decoder` must be such",
    ),
    "no decoder": (dense_encoder, {"decoder": 6}, TypeError, "`decoder`"),
    "a function": (
        dense_encoder,
        {"corrupt": np.negative},
        TypeError,
        "keras.layers.Lambda",
    ),
    "patches of rows": (
        dense_encoder,
        {"corrupt": mask(patch=(2, 2))},
        ValueError,
        "`patch` must be",
    ),
    "no mean over features": (
        dense_encoder,
        {"corrupt": mask(), "loss": "cosine_similarity"},
        ValueError,
        "loss_on='all'",
    ),
    "no loss": (dense_encoder, {"loss": None}, TypeError, "`loss` must be"),
    "no epochs": (dense_encoder, {"epochs": 0}, ValueError, "`epochs`"),
    "a used optimizer": (
        dense_encoder,
        {"optimizer": used()},
        ValueError,
        "`optimizer` must be",
    ),
    "no optimizer": (dense_encoder, {"optimizer": 0.1}, TypeError, "`opt"),
    "labels": (dense_encoder, {"y": ROWS}, TypeError, r"Received: \['y'\]"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_done_is_refused_and_nothing_changed(name):
    make, arguments, error, message = BAD[name]
    encoder = make()
    before = values(encoder)
    flags = [v.trainable for v in encoder.variables]
    with pytest.raises(error, match=message):
        autoencode(encoder, **{"x": ROWS, **FIT, "epochs": 1, **arguments})
    assert same(values(encoder), before)
    assert [v.trainable for v in encoder.variables] == flags
    assert "history" not in vars(encoder)


def test_a_convolutional_encoder_comes_back_to_odd_sizes():
    encoder = eager_friendly(
        keras.Sequential(
            [
                keras.Input((5, 7, 1)),
                L.Conv2D(2, 3, 2, padding="same", activation="relu"),
                L.BatchNormalization(),
                L.MaxPooling2D(2),
            ]
        )
    )
    x = np.random.default_rng(0).uniform(size=(16, 5, 7, 1))
    before = to_numpy(encoder.layers[1].moving_mean)
    autoencode(encoder, x, corrupt=mask(patch=2), epochs=1, **FIT)
    assert not np.array_equal(before, to_numpy(encoder.layers[1].moving_mean))

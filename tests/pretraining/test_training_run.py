import keras
import numpy as np
import pytest

from keras_trainkit.pretraining import training_run
from keras_trainkit.pretraining.training_models import Reconstruction
from tests.helpers.encoders import FIT
from tests.helpers.encoders import ROWS
from tests.helpers.encoders import dense_encoder


def test_what_fit_takes_is_taken():
    given = {"verbose": 2}
    assert training_run.require_fit_arguments(np.int64(3), given) is None


@pytest.mark.parametrize(
    "epochs, given, left_out, error",
    [
        (0, {}, (), ValueError),
        (2.0, {}, (), TypeError),
        (1, {"y": 1}, (), TypeError),
        (1, {"verbose": 1}, ("verbose",), TypeError),
    ],
)
def test_what_fit_is_not_given_is_refused(epochs, given, left_out, error):
    with pytest.raises(error, match="Received"):
        training_run.require_fit_arguments(epochs, given, left_out)


@pytest.mark.parametrize(
    "loss, error", [(None, TypeError), ("mze", ValueError)]
)
def test_what_is_no_loss_is_refused(loss, error):
    assert training_run.require_loss("mse") is None
    with pytest.raises(error, match="`loss` must be a Keras loss"):
        training_run.require_loss(loss)


def test_an_optimizer_comes_as_it_is_or_by_its_name():
    own = keras.optimizers.SGD()
    assert training_run.optimizer_from(own) is own
    made = training_run.optimizer_from("nadam")
    assert isinstance(made, keras.optimizers.Nadam)


class Alone(keras.layers.Layer):
    """A decoder that does not look at the code."""

    def build(self, input_shape):
        self.guess = self.add_weight(shape=(6,))

    def call(self, inputs):
        return keras.ops.zeros_like(inputs[:, :1]) + self.guess


def test_a_decoder_that_needs_no_encoder_is_found_out():
    encoder = dense_encoder()
    model = Reconstruction(encoder, Alone())
    with pytest.raises(ValueError, match="does not depend on the encoder"):
        training_run.train(model, encoder, "sgd", "mse", x=ROWS, **FIT)


def test_weights_that_were_no_numbers_have_not_moved():
    encoder = dense_encoder()
    broken = [np.full(v.shape, np.nan) for v in encoder.trainable_weights]
    for weight, values in zip(encoder.trainable_weights, broken, strict=True):
        weight.assign(values)
    model = Reconstruction(encoder, Alone())
    with pytest.raises(ValueError, match="does not depend on the encoder"):
        training_run.train(model, encoder, "sgd", "mse", x=ROWS, **FIT)

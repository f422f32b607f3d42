import keras
import keras.optimizers as ko
import numpy as np
import pytest

from keras_trainkit.backend.optimizer import anatomy
from keras_trainkit.schedules.warmup import Warmup
from tests.helpers.models import linear_model


def test_innermost_opens_loss_scaling():
    inner = ko.Adam()
    assert anatomy.innermost(ko.LossScaleOptimizer(inner)) is inner
    assert anatomy.innermost(inner) is inner


def test_no_optimizer_is_an_error():
    with pytest.raises(ValueError, match="single optimizer"):
        anatomy.innermost(None)


@pytest.mark.parametrize(
    ("make", "attribute"),
    [
        (lambda: ko.SGD(), None),
        (lambda: ko.SGD(momentum=0.9), "momentum"),
        (lambda: ko.RMSprop(momentum=0.9), "momentum"),
        (lambda: ko.RMSprop(momentum=np.float32(0.9)), "momentum"),
        (lambda: ko.RMSprop(momentum=1), "momentum"),
        (lambda: ko.Adam(), "beta_1"),
        (lambda: ko.Adafactor(), None),
        (lambda: ko.Ftrl(), None),
    ],
    ids=[
        "sgd",
        "sgd-momentum",
        "rmsprop-momentum",
        "rmsprop-momentum-numpy",
        "rmsprop-momentum-int",
        "adam",
        "adafactor",
        "ftrl",
    ],
)
def test_momentum_attribute(make, attribute):
    assert anatomy.momentum_attribute(make()) == attribute


def test_the_interpolation_of_schedule_free_is_no_momentum():
    make = getattr(ko, "ScheduleFreeAdamW", None)
    optimizer = make() if make else type("ScheduleFreeAdamW", (ko.Adam,), {})()
    assert anatomy.momentum_attribute(optimizer) is None


def test_learning_rate_as_variable_schedule_or_callable():
    decay = ko.schedules.CosineDecay(0.1, 10)
    assert anatomy.compiled_schedule(ko.SGD(decay)) is decay
    assert anatomy.learning_rate_variable(ko.SGD(decay)) is None
    assert anatomy.plain_learning_rate(ko.SGD(decay)) is None
    plain = ko.LossScaleOptimizer(ko.SGD(0.25))
    assert anatomy.plain_learning_rate(plain) == 0.25
    assert anatomy.compiled_schedule(ko.SGD(0.25)) is None
    assert anatomy.plain_learning_rate(None) is None


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_hyperparameters_are_computed_at_least_in_float32(dtype):
    if keras.backend.backend() == "jax" and dtype == "float64":
        dtype = "float32"  # JAX has no float64 unless it is switched on
    model = linear_model(dtype=dtype)
    optimizer = ko.SGD()
    optimizer.build(model.trainable_variables)
    wanted = "float64" if dtype == "float64" else "float32"
    assert anatomy.compute_dtype(optimizer) == wanted


def test_averages_get_buffers_of_their_own():
    model = linear_model()
    optimizer = ko.SGD(use_ema=True)
    optimizer.build(model.trainable_variables)
    kernel = model.trainable_variables[0]
    average = optimizer._model_variables_moving_average[0]
    kernel.assign(average)
    anatomy.unshare_averages(optimizer)
    assert keras.backend.backend() != "jax" or (
        kernel.value.unsafe_buffer_pointer()
        != average.value.unsafe_buffer_pointer()
    )


def test_scaling_a_plain_rate_a_schedule_and_a_scaled_schedule():
    plain = ko.SGD(0.5)
    anatomy.scale_learning_rate(plain, 0.1)
    assert float(plain.learning_rate) == pytest.approx(0.05)
    decay = ko.schedules.CosineDecay(0.1, 10)
    scheduled = ko.SGD(decay)
    anatomy.scale_learning_rate(scheduled, 0.1)
    anatomy.scale_learning_rate(scheduled, 0.1)
    rate = anatomy.compiled_schedule(scheduled)
    assert type(rate) is type(decay)
    assert rate.initial_learning_rate == pytest.approx(0.001)
    words = anatomy.describe_learning_rate(scheduled)
    assert words == "0.001 now, by CosineDecay"
    warmup = ko.SGD(Warmup(0.1, 2, 0.5))
    anatomy.scale_learning_rate(warmup, 0.1)
    words = anatomy.describe_learning_rate(warmup)
    assert words == "0.005 now, by 0.1 x Warmup"


def test_a_callable_cannot_be_scaled():
    with pytest.raises(ValueError, match="number or a LearningRateSchedule"):
        anatomy.scale_learning_rate(ko.SGD(lambda: 0.1), 0.1)


def test_a_number_is_read_and_assigned():
    variable = keras.Variable(1.0)
    anatomy.assign_number(variable, 0.25)
    assert anatomy.number(variable) == 0.25
    assert float(variable) == 0.25
    anatomy.assign_number(variable, keras.ops.convert_to_tensor(0.5))
    assert anatomy.number(variable) == 0.5

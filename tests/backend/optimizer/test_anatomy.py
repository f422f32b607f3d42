import keras
import keras.optimizers as ko
import numpy as np
import pytest

from keras_trainkit.backend.optimizer import anatomy
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


def test_where_a_learning_rate_is_kept():
    assert anatomy.learning_rate_attribute(ko.SGD(0.1)) is None
    scheduled = ko.SGD(decay := ko.schedules.CosineDecay(0.1, 10))
    name = anatomy.learning_rate_attribute(scheduled)
    assert getattr(scheduled, name) is decay


def test_a_number_is_read_and_assigned():
    variable = keras.Variable(1.0)
    anatomy.assign_number(variable, 0.25)
    assert anatomy.number(variable) == 0.25
    assert float(variable) == 0.25
    anatomy.assign_number(variable, keras.ops.convert_to_tensor(0.5))
    assert anatomy.number(variable) == 0.5


def test_the_counter_is_read_through_wrappers_where_there_is_one():
    inner = keras.optimizers.SGD()
    inner.build([keras.Variable(np.ones(2))])
    inner.iterations.assign(3)
    scaled = keras.optimizers.LossScaleOptimizer(inner)
    assert anatomy.batches_seen_if_known(inner) == 3
    assert anatomy.batches_seen_if_known(scaled) == 3
    assert anatomy.batches_seen_if_known(None) is None

"""What follows a step sees the state after it, and changes it."""

import keras
import numpy as np

from keras_trainkit.backend.training.followed_step import followed_by
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data

X, Y = regression_data(16)
QUICK = {"jit_compile": keras.backend.backend() == "jax"}


def test_it_acts_after_the_update_in_the_compiled_step():
    model = linear_model()
    model.compile(keras.optimizers.SGD(0.01, 0.9), "mse", **QUICK)
    kernel, bias = model.layers[0].kernel, model.layers[0].bias
    before = np.array([[-1.0], [1.0]] * 4)
    kernel.assign(before)
    iterations = model.optimizer.iterations

    def act():
        kernel.assign(keras.ops.where(kernel.value < 0.3, 0.0, kernel.value))
        count = keras.ops.cast(
            keras.ops.convert_to_tensor(iterations), "float32"
        )
        bias.assign(keras.ops.reshape(count + 7.0, (1,)))

    vars(model)["train_step"] = followed_by(model, model.train_step, act)
    model.fit(X, Y, batch_size=8, verbose=0)
    after, counted = model.get_weights()
    np.testing.assert_array_equal(after == 0, before < 0)
    assert counted == 9

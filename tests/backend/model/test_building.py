"""A model is built from what TensorFlow's iterator tells of its elements."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.model.building import build_from
from keras_trainkit.backend.model.building import built_in_first_step

only_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow",
    reason="only TensorFlow builds a model in its first step",
)
X = np.ones((4, 3), "float32")


def compiled():
    model = keras.Sequential([keras.layers.Dense(2)])
    model.compile("sgd", "mse", metrics=["mae"])
    return model


def iterator(data):
    import tensorflow as tf

    return iter(tf.data.Dataset.from_tensor_slices(data).batch(2))


def test_who_builds_in_the_first_step():
    """As `fit` itself does it."""
    seen = []

    class Look(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            seen.append(not self.model.built)

    compiled().fit(X, X[:, :2], verbose=0, callbacks=[Look()])
    assert seen == [built_in_first_step()]


@only_tensorflow
@pytest.mark.parametrize("data", [(X, X[:, :2]), (X, X[:, :2], X[:, 0])])
def test_no_batch_is_drawn(data):
    model, batches = compiled(), iterator(data)
    build_from(model, batches)
    assert [w.shape for w in model.weights] == [(3, 2), (2,)]
    assert len(list(batches)) == 2


@only_tensorflow
def test_data_of_unknown_rank_is_refused():
    import tensorflow as tf

    def batches():
        yield X, X[:, :2]

    data = tf.data.Dataset.from_generator(batches, (tf.float32, tf.float32))
    model = compiled()
    with pytest.raises(ValueError, match="known number of dimensions"):
        build_from(model, iter(data))
    assert not model.built

"""Features in files come in the order in which `fit` takes arrays."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.training.feature_data import fit_arguments

ROWS = np.arange(20, dtype="float32").reshape(10, 2)


@pytest.fixture
def mapped(tmp_path):
    np.save(tmp_path / "rows.npy", ROWS)
    return np.load(tmp_path / "rows.npy", mmap_mode="r")


class Seen(keras.Model):
    """Keeps the sum of each row it was trained on, in order."""

    def __init__(self):
        super().__init__()
        self.rows = []
        self.layer = keras.layers.Dense(1)
        self.layer.build((None, 2))

    def call(self, x):
        return self.layer(x["features"][0])

    def train_step(self, *args):
        x, y, weights = args[-1]
        pairs = zip(
            keras.ops.convert_to_numpy(x["features"][0]),
            keras.ops.convert_to_numpy(y),
            keras.ops.convert_to_numpy(weights),
            strict=True,
        )
        self.rows += [(*row, *target, w) for row, target, w in pairs]
        metrics = {"loss": 0.0}
        return (metrics, args[0]) if len(args) == 2 else metrics


def order(x):
    model = Seen()
    model.compile("sgd", "mse", run_eagerly=True)
    keras.utils.set_random_seed(7)
    arguments = fit_arguments(
        {"features": (x,)},
        y=ROWS[:, :1],
        sample_weight=ROWS[:, 1],
        batch_size=4,
    )
    model.fit(**arguments, epochs=2, verbose=0)
    return np.array(model.rows)


def test_files_are_read_in_the_order_of_arrays(mapped):
    seen = order(mapped)
    np.testing.assert_array_equal(seen, order(ROWS))
    assert seen.shape == (20, 4)
    # Every row with its target and weight, shuffled.
    np.testing.assert_array_equal(seen[:, 0], seen[:, 2])
    np.testing.assert_array_equal(seen[:, 1], seen[:, 3])
    assert not np.array_equal(seen[:10, 0], ROWS[:, 0])

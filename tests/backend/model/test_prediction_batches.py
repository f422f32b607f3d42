import keras
import numpy as np
import pytest

from keras_trainkit.backend.model.prediction_batches import Batches
from tests.helpers.arrays import to_numpy

X = np.arange(14, dtype="float32").reshape(7, 2)
PARTS = [X[:3], X[3:6], X[6:]]


class Sequence(keras.utils.PyDataset):
    def __len__(self):
        return 3

    def __getitem__(self, place):
        return PARTS[place], np.zeros(len(PARTS[place]))


def dataset():
    tf = pytest.importorskip("tensorflow", reason="tf.data is not installed")
    return tf.data.Dataset.from_tensor_slices((X, np.zeros(7))).batch(3)


def loader():
    torch = pytest.importorskip(
        "torch", reason="torch oracle: torch is not installed"
    )
    data = torch.utils.data.TensorDataset(torch.from_numpy(X))
    return torch.utils.data.DataLoader(data, batch_size=3)


SOURCES = {
    "array": lambda: X,
    "tensor": lambda: keras.ops.convert_to_tensor(X),
    "dataset with targets": dataset,
    "loader": loader,
    "py dataset": Sequence,
    "generator": lambda: ((part,) for part in PARTS),
    "generator with targets": lambda: ((p, p[:, 0]) for p in PARTS),
}


@pytest.mark.filterwarnings("ignore:.*ran out of data")
@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_the_inputs_of_all_batches(source):
    found = [to_numpy(x) for x in Batches(source(), 3, None)]
    assert [len(x) for x in found] == [3, 3, 1]
    np.testing.assert_array_equal(np.concatenate(found), X)


def test_structures():
    batches = Batches({"a": X, "b": X[:, 0]}, 4, None)
    found = [keras.tree.map_structure(np.shape, x) for x in batches]
    assert found == [{"a": (4, 2), "b": (4,)}, {"a": (3, 2), "b": (3,)}]


def test_steps_of_an_endless_generator():
    def endless():
        while True:
            yield (X,)

    assert len(list(Batches(endless(), None, 2))) == 2


@pytest.mark.parametrize("name, count", [("array", 3), ("generator", None)])
def test_the_count(name, count):
    assert Batches(SOURCES[name](), 3, None).count == count

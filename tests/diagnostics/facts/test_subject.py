import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics.facts.subject import Subject
from tests.helpers.models import mlp

X, Y = np.ones((70, 8), "float32"), np.ones((70, 1), "float32")


def test_what_is_not_known_is_none():
    subject = Subject(mlp())
    assert subject.rows is None
    assert subject.steps_per_epoch is None
    assert [subject.has(n) for n in ("compiled", "sample", "first_pass")] == [
        False,
        False,
        False,
    ]
    assert subject.has("graph")


@pytest.mark.parametrize("size, steps", [(None, 3), (70, 1), (8, 9)])
def test_the_batches_of_an_epoch_are_counted_as_fit_does(size, steps):
    assert Subject(mlp(), X, Y, batch_size=size).steps_per_epoch == steps


def test_targets_without_inputs_are_refused():
    with pytest.raises(ValueError, match="`x` must be given"):
        Subject(mlp(), None, Y)


def test_a_copy_is_built_under_the_same_names():
    model = keras.Sequential([keras.layers.Dense(2, name="one")])
    subject = Subject(model, X, Y)
    assert not model.built
    assert [node.path for node in subject.network.nodes] == ["one"]
    assert subject.network.nodes[0].kernel.shape == (8, 2)


def test_what_was_adapted_goes_into_the_copy():
    x = np.linspace(100.0, 900.0, 280).reshape(70, 4)
    scale = keras.layers.Normalization()
    scale.adapt(x)
    model = keras.Sequential([scale, keras.layers.Dense(1)])
    model.compile("adam", "mse")
    subject = Subject(model, x, Y)
    assert not model.built
    received = keras.ops.convert_to_numpy(subject.model.layers[0](x))
    np.testing.assert_allclose(received.std(0), 1.0, atol=1e-3)
    assert subject.first_pass.error is None
    assert len(subject.model.trainable_variables) == 2

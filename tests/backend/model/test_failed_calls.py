import keras
import numpy as np
import pytest

from keras_trainkit.backend.model.failed_calls import STAND_IN_BATCH
from keras_trainkit.backend.model.failed_calls import came_through_keras
from keras_trainkit.backend.model.failed_calls import failed_calls
from keras_trainkit.backend.model.failed_calls import failed_lines


def model():
    made = keras.Sequential(
        [keras.Input((8,)), keras.layers.Dense(4, name="hidden")]
    )
    made.compile("sgd", "mse")
    return made


def raised_by(function):
    with pytest.raises(Exception) as raised:
        function()
    return raised.value


def test_fit_and_its_arguments_are_found():
    x, y, made = np.ones((10, 7)), np.ones((10, 4)), model()
    error = raised_by(lambda: made.fit(x, y, batch_size=5, verbose=0))
    calls = failed_calls(error)
    assert (calls[0].owner, calls[0].method) == (made, "fit")
    assert calls[0].arguments["x"] is x
    assert calls[0].arguments["y"] is y
    assert calls[0].arguments["batch_size"] == 5


def test_the_layer_that_failed_is_found():
    made = model()
    calls = failed_calls(raised_by(lambda: made(np.ones((10, 7)))))
    owners = [call.owner for call in calls]
    assert owners[0] is made
    assert owners[-1] is made.layers[0]
    assert calls[-1].method == "__call__"


class Own(keras.Layer):
    def call(self, x):
        here = x
        raise ValueError(f"shape {here.shape}")


def test_lines_of_the_user_s_are_found_with_their_variables():
    lines = failed_lines(raised_by(lambda: Own()(np.ones((2, 3)))))
    inside = [line for line in lines if line.is_inside]
    assert [line.function for line in inside] == ["call"]
    assert inside[0].source.startswith("raise ValueError")
    assert tuple(inside[0].values["here"].shape) == (2, 3)
    assert not lines[0].is_inside


def test_an_error_of_no_call_has_none():
    assert failed_calls(ValueError("shape")) == []


@pytest.mark.parametrize(
    "broken, through",
    [
        (lambda: model()(np.ones((10, 7))), True),
        (lambda: np.ones((2, 3)) + np.ones((2, 4)), False),
    ],
    ids=["a call of a model", "a sum of arrays"],
)
def test_whether_keras_had_a_part_in_it(broken, through):
    assert came_through_keras(raised_by(broken)) is through


class Watching(keras.Layer):
    seen = ()

    def call(self, x):
        type(self).seen = tuple(x.shape)
        return keras.ops.reshape(x, (-1, 7))


@pytest.mark.skipif(
    keras.backend.backend() != "torch", reason="only torch infers with numbers"
)
def test_what_stands_for_an_unknown_batch():
    raised_by(lambda: Watching()(keras.Input((3,))))
    assert Watching.seen == (STAND_IN_BATCH, 3)

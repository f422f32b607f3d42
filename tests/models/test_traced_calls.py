import keras
import numpy as np
import pytest

from keras_trainkit.models.layer_tree import LayerTree
from keras_trainkit.models.traced_calls import traced_calls
from tests.models import zoo

pytestmark = pytest.mark.one_backend


def traced(model):
    return traced_calls(model, LayerTree(model))


CALLED = {
    "nested": ["one", "norm", "two", "head"],
    "subclassed": ["hidden", "drop", "head", "multiply"],
    "attention": ["stem", "attention", "head"],
}


@pytest.mark.parametrize("kind", CALLED)
def test_models_are_opened_and_layers_of_keras_are_not(kind):
    calls, outputs, inputs = traced(zoo.ZOO[kind]())
    names = [c.operation.name.rstrip("_0123456789") for c in calls]
    assert [n for n in names if n != "convert_to_tensor"] == CALLED[kind]
    assert calls[-1].outputs[0] is outputs[0]
    assert len(inputs) == 1


class NeedsNumbers(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)

    def call(self, x):
        return self.dense(x) if float(keras.ops.sum(x)) > 0 else x


def test_what_needs_numbers_cannot_be_traced():
    model = NeedsNumbers()
    model(np.ones((1, 2)))
    assert traced(model) is None

"""One call comes before the first step, and nothing of it stays."""

import keras
import pytest

from keras_trainkit.scheduling.before_first_step import BeforeFirstStep
from tests.helpers.models import SubclassedMLP
from tests.helpers.models import regression_data

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow",
    reason="only TensorFlow builds a model in its first step",
)
X, Y = regression_data(16)


class Acts(keras.callbacks.Callback):
    """Notes what is built when it acts; may die before the step."""

    def __init__(self, dies=False):
        super().__init__()
        self.dies = dies
        self.built = []

    def on_train_begin(self, logs=None):
        self.before = BeforeFirstStep(self.model, self.act)

    def act(self):
        self.built.append([layer.built for layer in self.model.layers])
        self.steps = int(self.model.optimizer.iterations)

    def on_train_batch_begin(self, batch, logs=None):
        if batch == 0 and not self.built:
            self.before.stand_by()
            if self.dies:
                raise KeyboardInterrupt


def compiled():
    model = SubclassedMLP()
    model.compile("sgd", "mse")
    return model


def test_it_acts_once_on_a_built_model_that_has_not_trained():
    model, callback = compiled(), Acts()
    model.make_train_function()
    before = model.train_function
    model.fit(X, Y, batch_size=8, epochs=2, verbose=0, callbacks=[callback])
    assert callback.built == [[True, True]]
    assert callback.steps == 0
    assert model.train_function is before


def test_of_a_run_that_died_nothing_acts_in_the_next():
    model, callback = compiled(), Acts(dies=True)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, verbose=0, callbacks=[callback])
    model.fit(X, Y, batch_size=8, verbose=0)
    assert callback.built == []
    assert int(model.optimizer.iterations) == 2


def test_of_a_run_that_died_nothing_acts_in_one_of_its_own():
    model, callback = compiled(), Acts()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, verbose=0, callbacks=[Acts(dies=True)])
    model.fit(X, Y, batch_size=8, verbose=0, callbacks=[callback])
    assert len(callback.built) == 1
    assert int(model.optimizer.iterations) == 2

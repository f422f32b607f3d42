"""What a callback with a curve tells of its `fit`, and the rate before it."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data

X, Y = regression_data(64)


def compiled():
    model = linear_model()
    model.compile(keras.optimizers.SGD(0.01, momentum=0.5), "mse")
    return model


def fit(model, callbacks):
    model.fit(X, Y, batch_size=16, epochs=2, verbose=0, callbacks=callbacks)


def test_trace_before_any_fit():
    with pytest.raises(ValueError, match="never used"):
        ktk.callbacks.OneCycle(0.1).trace()


def test_plot_draws_the_trace():
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    one_cycle = ktk.callbacks.OneCycle(0.1)
    fit(compiled(), [one_cycle])
    axes = one_cycle.plot()
    drawn = axes.lines[0].get_ydata()
    np.testing.assert_allclose(drawn, one_cycle.trace()["learning_rate"])


@pytest.mark.parametrize("name", ["OneCycle", "RaiseLROnPlateau"])
def test_a_list_of_ones_own_finds_the_rate_of_each_fit(name):
    make = {
        "OneCycle": lambda: ktk.callbacks.OneCycle(0.1, total_steps=8),
        "RaiseLROnPlateau": lambda: ktk.callbacks.RaiseLROnPlateau("loss"),
    }
    model, callback = compiled(), make[name]()
    callbacks = keras.callbacks.CallbackList([callback], True, model=model)
    fit(model, callbacks)
    model.optimizer.learning_rate = 0.02
    fit(model, callbacks)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.02)
    if name == "RaiseLROnPlateau":
        assert callback.trace()["learning_rate"] == pytest.approx(0.02)


def test_a_trace_in_the_middle_of_an_epoch():
    one_cycle, seen = ktk.callbacks.OneCycle(0.1), []

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(len(one_cycle.trace()["step"]))

    fit(compiled(), [one_cycle, Watch()])
    assert seen == list(range(1, 9))

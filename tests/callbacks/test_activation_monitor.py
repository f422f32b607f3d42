"""Statistics of layers in a real `fit`, which goes on as without them."""

import math

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.probing.forward import forward
from tests.helpers.fit_state import changes
from tests.helpers.fit_state import fit_state
from tests.helpers.models import FEATURES
from tests.helpers.models import SubclassedMLP
from tests.helpers.models import regression_data

L = keras.layers
X, Y = regression_data(16)
Monitor = ktk.callbacks.ActivationMonitor


def net():
    keras.utils.set_random_seed(2)
    model = keras.Sequential(
        [
            keras.Input((FEATURES,)),
            L.Dense(4, activation="relu", name="relu"),
            L.Dropout(0.5, name="drop"),
            L.BatchNormalization(name="norm"),
            L.Dense(1, activation="tanh", name="head"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.1), "mse")
    return model


def fit(model, *callbacks, **options):
    options = {"epochs": 3, "batch_size": 8, "verbose": 0} | options
    return model.fit(X, Y, callbacks=list(callbacks), **options).history


@pytest.fixture(scope="module")
def runs():
    """The state after a `fit` without, and one with a monitor; its values."""
    alone = net()
    keras.utils.set_random_seed(4)
    fit(alone)
    model, monitor = net(), Monitor(X, every=2)
    start = forward(model, X)
    keras.utils.set_random_seed(4)
    history = fit(model, monitor)
    states = fit_state(alone), fit_state(model)
    return states, start, forward(model, X), monitor, history


def test_training_is_the_same_bit_for_bit(runs):
    before, after = runs[0]
    assert set(changes(before, after)) <= {"attributes"}


def test_every_second_epoch_and_the_last(runs):
    *_, start, end, monitor, history = runs
    assert set(monitor.layers) == {"relu", "drop", "norm", "head"}
    looked = [not math.isnan(v) for v in monitor.layers["norm"]["std"]]
    assert looked == [True, False, True]
    assert {len(v) for v in monitor.layers["relu"].values()} == {3}
    assert monitor.before["norm"].std == start["norm"].std
    for name in ("mean", "std"):
        found = monitor.layers["norm"][name][-1]
        assert found == pytest.approx(getattr(end["norm"], name), rel=1e-5)
    assert history["dead_share"][-1] == monitor.layers["relu"]["dead"][-1]
    assert history["dead_share"][-1] == end["relu"].dead
    assert history["saturated_share"][-1] == end["head"].saturated
    assert np.isnan(history["dead_share"][1])
    assert np.isnan(monitor.layers["head"]["dead"]).all()


def test_plots(runs):
    pytest.importorskip("matplotlib")
    monitor = runs[3]
    ax = monitor.plot()
    assert (ax.get_yscale(), ax.get_ylabel()) == ("log", "std")
    assert len(ax.get_lines()) == 4
    ax = monitor.plot("dead")
    assert (ax.get_yscale(), len(ax.get_lines())) == ("linear", 1)


def test_a_subclassed_model_that_fit_builds():
    model, monitor = SubclassedMLP(name="own"), Monitor(X)
    model.compile("sgd", "mse", run_eagerly=True)
    fit(model, monitor, epochs=1)
    assert list(monitor.layers) == ["hidden", "head", "own"]
    assert np.isnan(monitor.layers["own"]["dead"]).all()


class Failing(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise RuntimeError("on purpose")


def test_a_second_fit_begins_anew_also_after_an_error():
    model = keras.Sequential([keras.Input((FEATURES,)), L.Dense(1, name="d")])
    model.compile("sgd", "mse", run_eagerly=True)
    monitor = Monitor(X)
    with pytest.raises(RuntimeError, match="on purpose"):
        fit(model, monitor, Failing())
    assert "call" not in vars(model.layers[0])
    history = fit(model, monitor, initial_epoch=2, epochs=4)
    assert len(monitor.layers["d"]["std"]) == 2
    assert np.isnan(history["saturated_share"]).all()


def test_data_that_do_not_fit_end_the_fit_before_its_first_step():
    model = net()
    before = fit_state(model)
    with pytest.raises(ValueError, match="shape"):
        fit(model, Monitor(np.ones((3, FEATURES + 1))))
    assert "variables" not in changes(before, fit_state(model))


@pytest.mark.parametrize(
    "arguments, error",
    [
        ({"every": 0}, ValueError),
        ({"every": 1.5}, TypeError),
        ({"training": 1}, TypeError),
    ],
    ids=["no epochs", "half an epoch", "a number"],
)
@pytest.mark.one_backend
def test_bad_arguments(arguments, error):
    with pytest.raises(error, match=next(iter(arguments))):
        Monitor(X, **arguments)


@pytest.mark.one_backend
@pytest.mark.parametrize(
    "x, error",
    [(None, TypeError), ([[1.0]], TypeError), (X[:0], ValueError)],
    ids=["nothing", "numbers", "no rows"],
)
def test_a_batch_is_an_array_of_some_rows(x, error):
    with pytest.raises(error, match="`x`"):
        Monitor(x)


@pytest.mark.one_backend
def test_plots_need_a_value():
    with pytest.raises(ValueError, match="after an epoch"):
        Monitor(X).plot()
    with pytest.raises(ValueError, match="measure"):
        Monitor(X).plot("loss")


class Twins(keras.Model):
    """Two layers of one name; half of the first's units are dead."""

    def __init__(self):
        super().__init__()
        for name in ("first", "second"):
            layer = keras.layers.Dense(4, "relu", name="same")
            setattr(self, name, layer)

    def call(self, x):
        return self.second(self.first(x))


def test_layers_of_one_name_have_values_of_their_own():
    model, x = Twins(), np.ones((8, 3), "float32")
    model(x)
    model.compile(keras.optimizers.SGD(0.0), "mse")
    model.first.kernel.assign(np.array([[1.0, 1.0, -1.0, -1.0]] * 3))
    model.second.kernel.assign(np.ones((4, 4)))
    monitor, gradients = Monitor(x), ktk.callbacks.GradientMonitor()
    doctor = ktk.callbacks.TrainingDoctor(every=1, verbose=0)
    callbacks = [monitor, gradients, doctor]
    model.fit(x, np.ones((8, 4)), epochs=2, verbose=0, callbacks=callbacks)
    assert monitor.layers["same"]["dead"] == [0.5, 0.5]
    assert monitor.layers["same (2)"]["dead"] == [0.0, 0.0]
    for path in ("same", "same (2)"):
        assert len(gradients.layers[path]["gradient_norm"]) == 2
    rows = {row["path"]: row for row in doctor.report().layers}
    assert rows["same"]["dead_share"] == [0.5] * 3
    assert rows["same (2)"]["dead_share"] == [0.0] * 3

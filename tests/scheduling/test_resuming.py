"""State loaded into an optimizer is kept until the optimizer has its form."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.scheduling.resuming import LateLoad
from tests.helpers.models import mlp
from tests.helpers.models import regression_data

X, Y = regression_data(32)


class Taken(Exception):
    pass


class Keeps(keras.callbacks.Callback):
    """Loads a file as `fit` begins, and looks at what was kept."""

    def __init__(self, path, stop=None):
        super().__init__()
        self.path, self.stop = path, stop

    def set_model(self, model):
        super().set_model(model)
        self.late_load = LateLoad(model)

    def on_train_begin(self, logs=None):
        self.model.load_weights(self.path)
        self.seen = iterations(self.model)
        if self.stop == "on_train_begin":
            raise Taken

    def on_epoch_begin(self, epoch, logs=None):
        self.kept = self.late_load.take()
        raise Taken


def compiled(frozen=None, wrap=lambda optimizer: optimizer):
    model = mlp()
    if frozen:
        ktk.transfer.freeze(model, frozen)
    model.compile(wrap(keras.optimizers.Adam(0.1)), "mse")
    return model


def fit(model, *callbacks):
    model.fit(X, Y, batch_size=16, verbose=0, callbacks=list(callbacks))


def begin(model, callback):
    model.optimizer.build(model.trainable_variables)
    with pytest.raises(Taken):
        fit(model, callback)


def iterations(model):
    return int(model.optimizer.iterations)


def methods(model):
    optimizers = [model.optimizer]
    optimizers += [getattr(model.optimizer, "inner_optimizer", optimizers[0])]
    return ["load_own_variables" in vars(one) for one in optimizers]


WRAPPED = {
    "plain": lambda optimizer: optimizer,
    "loss scale": keras.optimizers.LossScaleOptimizer,
}


@pytest.fixture(params=WRAPPED)
def wrap(request):
    return WRAPPED[request.param]


@pytest.fixture
def saved(wrap, tmp_path):
    """A model with its hidden layer frozen, and its weights' file."""
    model, path = compiled("hidden", wrap), tmp_path / "m.weights.h5"
    fit(model)
    model.save_weights(path)
    return model, path


@pytest.mark.filterwarnings("error:Skipping variable loading")
def test_a_state_of_another_form_is_kept_and_loaded_later(saved, wrap):
    source, path = saved
    model, callback = compiled(wrap=wrap), Keeps(path)
    begin(model, callback)
    # Those who ask for the position get it at once.
    assert callback.seen == iterations(source) == 2
    assert methods(model) == [False, False]
    assert not callback.late_load.load_into(model.optimizer, True)
    ktk.transfer.freeze(model, "hidden")
    assert callback.late_load.load_into(model.optimizer, False)
    assert callback.late_load.take() is None
    for ours, theirs in zip(
        model.optimizer.variables, source.optimizer.variables, strict=True
    ):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(ours), keras.ops.convert_to_numpy(theirs)
        )


def test_a_state_of_no_form_is_an_error(saved, wrap):
    model, callback = compiled(wrap=wrap), Keeps(saved[1])
    begin(model, callback)
    with pytest.raises(ValueError, match="`backup` must be made by a run"):
        callback.late_load.load_into(model.optimizer, False)


def test_a_state_that_fits_is_loaded_at_once(saved, wrap):
    model, callback = compiled("hidden", wrap), Keeps(saved[1])
    begin(model, callback)
    assert iterations(model) == 2
    ktk.transfer.unfreeze(model, "hidden")
    assert not callback.late_load.load_into(model.optimizer, False)


def test_after_a_crash_the_optimizer_loads_as_ever(tmp_path):
    source, path = compiled("hidden"), tmp_path / "m.weights.h5"
    fit(source)
    source.save_weights(path)
    model = compiled("hidden")
    begin(model, Keeps(path, stop="on_train_begin"))
    assert methods(model) == [True, True]
    source.optimizer.learning_rate = 0.7
    source.save_weights(path)
    model.load_weights(path)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.7)
    assert methods(model) == [False, False]


def test_nothing_is_lent_without_a_list_of_callbacks():
    model = compiled()
    assert LateLoad(model).take() is None
    LateLoad(model)
    assert methods(model) == [False, False]


class LoadsItsOwnWay(keras.optimizers.SGD):
    def load_own_variables(self, store):
        super().load_own_variables(store)


def test_an_optimizer_that_loads_in_its_own_way_is_left_alone():
    seen = []

    class Looks(keras.callbacks.Callback):
        def set_model(self, model):
            super().set_model(model)
            LateLoad(model)
            seen.append("load_own_variables" in vars(model.optimizer))

    model = mlp()
    model.compile(LoadsItsOwnWay(0.1), "mse")
    fit(model, Looks())
    assert seen == [False]

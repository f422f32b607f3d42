"""Averages of weights against torch's, and what a training sees of them."""

from functools import partial

import keras
import numpy as np
import pytest

from keras_trainkit.backend.devices.device_copies import read_copies
from keras_trainkit.batch_norm import refresh
from keras_trainkit.callbacks import HyperparameterSchedule
from keras_trainkit.callbacks import StochasticWeightAveraging
from keras_trainkit.scheduling.snapshot import TrainingSnapshot
from tests.helpers.arrays import to_numpy
from tests.helpers.batch_norms import Recording
from tests.helpers.batch_norms import compiled
from tests.helpers.batch_norms import statistics

RNG = np.random.default_rng(0)
X = RNG.normal(size=(32, 4)).astype("float32") + 3
Y = RNG.normal(size=(32, 1)).astype("float32")


def network(optimizer=None, traced=True):
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(5, "tanh"),
            Recording(name="norm"),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(1),
        ]
    )
    return compiled(model, optimizer or keras.optimizers.SGD(0.1, momentum=0.9))


@pytest.fixture(scope="module")
def model():
    return network()


@pytest.fixture(scope="module")
def untraced():
    return network(traced=False)


def fit(model, *callbacks, epochs=4, **kwargs):
    settings = {"batch_size": 16, "verbose": 0, "callbacks": list(callbacks)}
    return model.fit(X, Y, epochs=epochs, **settings, **kwargs).history


def trained(model):
    return [to_numpy(v) for v in model.trainable_variables]


class AtEpochEnd(keras.callbacks.Callback):
    """Notes the weights that the training has, with all its state."""

    def __init__(self):
        super().__init__()
        self.weights, self.statistics = [], []

    def on_epoch_end(self, epoch, logs=None):
        self.weights.append(trained(self.model))
        self.statistics.append(statistics(self.model))


def torch_average(sets):
    """The average of torch's own AveragedModel over sets of weights."""
    torch = pytest.importorskip("torch")
    parameters = torch.nn.ParameterList(map(torch.tensor, sets[0]))
    averaged = torch.optim.swa_utils.AveragedModel(parameters)
    for weights in sets:
        for parameter, value in zip(parameters, weights, strict=True):
            parameter.data = torch.tensor(value)
        averaged.update_parameters(parameters)
    return [one.detach().numpy() for one in averaged.module]


def test_the_average_is_torch_s_and_the_training_goes_on_as_without(model):
    fit(model, epochs=1)
    before = TrainingSnapshot(model)
    plain = AtEpochEnd()
    loss = fit(model, plain, validation_data=(X, Y))["loss"]
    before.restore()
    averaging, seen = StochasticWeightAveraging(X, start=0.5), AtEpochEnd()
    history = fit(model, averaging, seen, validation_data=(X, Y))
    assert history["loss"] == loss
    np.testing.assert_equal(seen.weights, plain.weights)
    np.testing.assert_equal(seen.statistics, plain.statistics)
    assert averaging.count == 2
    expected = torch_average(seen.weights[2:])
    for found, one in zip(trained(model), expected, strict=True):
        np.testing.assert_allclose(found, one, 1e-6, 1e-7)
    # The last validation has seen the weights and statistics that stay.
    last = model.evaluate(X, Y, batch_size=16, verbose=0)
    assert history["val_loss"][-1] == pytest.approx(last, rel=1e-6)
    held = statistics(model)
    refresh(model, X, verbose=0)
    np.testing.assert_equal(statistics(model), held)


def test_ends_of_cycles_with_a_cyclic_rate(untraced):
    model = untraced

    def rate(epoch):
        return 0.1 if epoch < 1 else 0.1 - 0.04 * ((epoch - 1) % 2)

    averaging = StochasticWeightAveraging(X, start=1, every=2)
    seen = AtEpochEnd()
    schedule = HyperparameterSchedule(learning_rate=rate, unit="epoch")
    fit(model, schedule, averaging, seen, epochs=5)
    expected = np.mean([seen.weights[2][0], seen.weights[4][0]], axis=0)
    np.testing.assert_allclose(trained(model)[0], expected, 1e-6, 1e-7)
    assert averaging.count == 2


class Breaks(keras.callbacks.Callback):
    def __init__(self, batch):
        super().__init__()
        self.batch = batch

    def on_test_batch_begin(self, batch, logs=None):
        if batch == self.batch:
            self.weights = own_weights(self.model)
            raise OSError("the disk is gone")


def own_weights(model):
    """Read past what JAX has put away for the length of an epoch."""
    return [read_copies(v)[0] for v in model.trainable_variables]


@pytest.mark.parametrize("batch", [0, 1])
def test_after_an_exception_the_weights_are_the_trained_ones(model, batch):
    class Notes(keras.callbacks.Callback):
        def on_test_begin(self, logs=None):
            self.weights = trained(self.model)
            self.statistics = statistics(self.model)

    notes = Notes()
    averaging = StochasticWeightAveraging(X, start=0)
    with pytest.raises(OSError, match="disk"):
        fit(model, averaging, notes, Breaks(batch), validation_data=(X, Y))
    np.testing.assert_equal(trained(model), notes.weights)
    np.testing.assert_equal(statistics(model), notes.statistics)
    # The next evaluation uses them, too.
    found = model.evaluate(X, Y, batch_size=16, verbose=0)
    expected = np.mean((model.predict(X, verbose=0) - Y) ** 2)
    assert found == pytest.approx(expected, rel=1e-5)


def test_an_error_in_its_statistics_leaves_the_trained_weights(untraced):
    model = untraced
    averaging = StochasticWeightAveraging(X[:, :3], start=0)
    seen = AtEpochEnd()
    with pytest.raises(ValueError, match="3"):
        fit(model, seen, averaging, epochs=1)
    np.testing.assert_equal(trained(model), seen.weights[0])


def resumed(folder, died_after, **arguments):
    """A run that dies at the end of an epoch, and the same run again."""

    def callbacks(*others):
        backup = keras.callbacks.BackupAndRestore(folder / "model")
        averaging = StochasticWeightAveraging(X, start=1, **arguments)
        return averaging, [averaging, backup, *others]

    class Dies(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == died_after:
                raise OSError("killed")

    # Keras's backups leave the seeds of dropout out.
    model = network(traced=False)
    model.layers[2].rate = 0.0
    with pytest.raises(OSError, match="killed"):
        fit(model, *callbacks(Dies())[1], shuffle=False)
    model = network(traced=False)
    model.layers[2].rate = 0.0
    averaging, listed = callbacks()
    fit(model, *listed, shuffle=False)
    return model, averaging


def test_the_average_survives_a_run_that_died(tmp_path):
    model, averaging = resumed(tmp_path, 2, backup_dir=tmp_path / "average")
    assert averaging.count == 3
    assert not (tmp_path / "average").exists()
    whole = network(traced=False)
    whole.layers[2].rate = 0.0
    fit(whole, StochasticWeightAveraging(X, start=1), shuffle=False)
    for found, one in zip(trained(model), trained(whole), strict=True):
        np.testing.assert_allclose(found, one, 1e-5, 1e-6)


def test_without_a_backup_a_run_that_resumes_is_an_error(untraced):
    model = untraced
    with pytest.raises(ValueError, match="backup_dir"):
        fit(model, StochasticWeightAveraging(X, start=1), initial_epoch=3)


def test_without_normalization_no_data_is_needed():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    compiled(model)
    seen = AtEpochEnd()
    fit(model, StochasticWeightAveraging(start=0), seen, epochs=2)
    expected = np.mean([one[0] for one in seen.weights], axis=0)
    np.testing.assert_allclose(trained(model)[0], expected, 1e-6, 1e-7)


def test_a_model_in_which_nothing_trains_is_an_error():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.trainable = False
    model.compile("sgd", "mse", run_eagerly=True)
    with pytest.raises(ValueError, match="nothing is trainable"):
        fit(model, StochasticWeightAveraging(start=0), epochs=1)


def test_what_begins_to_train_is_an_error(untraced):
    model = untraced
    try:
        with pytest.raises(ValueError, match="same weights"):
            averaging = StochasticWeightAveraging(X, start=0)
            averaging.set_model(model)
            averaging.on_train_begin()
            averaging.on_epoch_begin(0)
            averaging.on_epoch_end(0)
            model.layers[0].kernel.trainable = False
            averaging.on_epoch_begin(1)
            averaging.on_epoch_end(1)
    finally:
        model.layers[0].kernel.trainable = True


class Stops(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = True


def restores():
    return keras.callbacks.EarlyStopping("loss", restore_best_weights=True)


REFUSED = {
    "no data": (partial(StochasticWeightAveraging), [], "`x` must be"),
    "too late": (partial(StochasticWeightAveraging, X, 4), [], "start"),
    "cycle": (partial(StochasticWeightAveraging, X, 2, 3), [], "start"),
    "restores": (partial(StochasticWeightAveraging, X), [restores], "behind"),
    "stopped": (partial(StochasticWeightAveraging, X), [Stops], "stopped"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_could_not_be_done_is_an_error(untraced, case):
    model = untraced
    make, others, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        fit(model, make(), *[other() for other in others])


def test_an_optimizer_that_averages_is_an_error():
    model = network(keras.optimizers.SGD(use_ema=True))
    with pytest.raises(ValueError, match="use_ema"):
        fit(model, StochasticWeightAveraging(X))


def test_evaluate_alone_is_an_error(untraced):
    model = untraced
    averaging = StochasticWeightAveraging(X)
    with pytest.raises(ValueError, match="evaluate"):
        model.evaluate(X, Y, verbose=0, callbacks=[averaging])


BAD = {
    "generator": ({"x": iter([X])}, TypeError, "several times"),
    "start 1": ({"start": 1.0}, ValueError, "start"),
    "start -1": ({"start": -1}, ValueError, "start"),
    "every": ({"every": 0}, ValueError, "every"),
    "batch size": ({"batch_size": 0}, ValueError, "batch_size"),
    "steps": ({"steps": 0}, ValueError, "steps"),
    "folder": ({"backup_dir": 3}, TypeError, "backup_dir"),
}


@pytest.mark.one_backend
@pytest.mark.parametrize("bad", BAD)
def test_bad_arguments(bad):
    arguments, kind, words = BAD[bad]
    with pytest.raises(kind, match=words):
        StochasticWeightAveraging(**arguments)

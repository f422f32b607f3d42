"""A model that `fit` builds trains as one that was built before."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.models import SubclassedMLP
from tests.helpers.models import regression_data

X, Y = regression_data(32)
STAGES = {0: "head", 1: "hidden"}


def sequential():
    return keras.Sequential(
        [
            keras.layers.Dense(4, activation="tanh", name="hidden"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.Dropout(0.2, seed=3, name="drop"),
            keras.layers.Dense(1, name="head"),
        ]
    )


def fine_tuning():
    return [ktk.callbacks.FineTuning(STAGES)]


def fine_tuning_first():
    return [ktk.callbacks.FineTuning(STAGES), ktk.callbacks.OneCycle(0.1)]


def one_cycle_first():
    return fine_tuning_first()[::-1]


def trained(make, callbacks, build, fit=None, **compile_arguments):
    keras.utils.set_random_seed(7)
    model = make()
    if build:
        model(X[:2])
    model.compile(
        keras.optimizers.SGD(0.1, momentum=0.9), "mse", **compile_arguments
    )
    model.fit(
        *(fit or (X, Y)),
        batch_size=None if fit else 8,
        epochs=3,
        verbose=0,
        shuffle=False,
        callbacks=callbacks,
    )
    return model


def assert_same(one, other):
    for ours, theirs in zip(
        one.get_weights(), other.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
    assert float(one.optimizer.learning_rate) == float(
        other.optimizer.learning_rate
    )


@pytest.mark.parametrize(
    "make, callbacks",
    [
        (sequential, fine_tuning_first),
        (sequential, one_cycle_first),
        (SubclassedMLP, fine_tuning),
    ],
)
def test_it_trains_as_a_model_built_before(make, callbacks):
    built = trained(make, callbacks(), build=True)
    unbuilt = trained(make, callbacks(), build=False)
    assert_same(unbuilt, built)


def test_what_is_only_marked_as_built_is_built():
    """As `Model.build` without a `build` of its own leaves it."""
    model = SubclassedMLP()
    with pytest.warns(UserWarning, match="not being actually built"):
        model.build((None, X.shape[1]))
    model.compile("sgd", "mse")
    callback = ktk.callbacks.FineTuning({0: "head"})
    model.fit(X, Y, verbose=0, callbacks=[callback])
    trained_layers = ktk.models.trainable_layers(model)
    assert [layer.name for layer in trained_layers] == ["head"]


EXECUTION = {
    "eager": {"run_eagerly": True},
    "xla": {"jit_compile": True},
    "steps_per_execution": {"steps_per_execution": 2, "metrics": ["mae"]},
}
if keras.backend.backend() == "torch":
    # Refused by Keras, and slow to compile.
    del EXECUTION["steps_per_execution"], EXECUTION["xla"]


@pytest.mark.parametrize("how", EXECUTION.values(), ids=EXECUTION)
def test_however_the_step_is_run(how):
    built = trained(sequential, fine_tuning(), build=True, **how)
    unbuilt = trained(sequential, fine_tuning(), build=False, **how)
    assert_same(unbuilt, built)


def test_it_trains_on_a_generator_once_through():
    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return 4

        def __getitem__(self, i):
            return X[8 * i : 8 * i + 8], Y[8 * i : 8 * i + 8]

    built = trained(sequential, fine_tuning(), True, fit=(Batches(),))
    unbuilt = trained(sequential, fine_tuning(), False, fit=(Batches(),))
    assert_same(unbuilt, built)


def test_frozen_weights_keep_their_first_values():
    keras.utils.set_random_seed(7)
    fresh = sequential()
    fresh.build((None, X.shape[1]))
    keras.utils.set_random_seed(7)
    model = sequential()
    model.compile("sgd", "mse")
    callback = ktk.callbacks.FineTuning({0: "head"})
    model.fit(X, Y, epochs=1, verbose=0, callbacks=[callback])
    for name in ("hidden", "norm"):
        for ours, theirs in zip(
            model.get_layer(name).get_weights(),
            fresh.get_layer(name).get_weights(),
            strict=True,
        ):
            np.testing.assert_array_equal(ours, theirs)


def test_a_selection_that_matches_nothing_is_refused_in_the_first_step():
    model = sequential()
    model.compile("sgd", "mse")
    callback = ktk.callbacks.FineTuning({0: "haed"})
    with pytest.raises(ValueError, match="There is: hidden, norm, head"):
        model.fit(X, Y, verbose=0, callbacks=[callback])
    assert all(layer.trainable for layer in model.layers)
    assert int(model.optimizer.iterations) == 0
    model.fit(X, Y, batch_size=16, verbose=0)
    assert int(model.optimizer.iterations) == 2


def test_a_run_that_dies_before_its_first_step_leaves_nothing_behind():
    class Dies(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            raise KeyboardInterrupt

    keras.utils.set_random_seed(7)
    model = SubclassedMLP()
    model.compile("sgd", "mse")
    callback = ktk.callbacks.FineTuning({0: "head"})
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, verbose=0, callbacks=[callback, Dies()])
    model.fit(X, Y, batch_size=16, verbose=0)
    assert int(model.optimizer.iterations) == 2


def test_the_line_of_the_first_stage_is_printed(capsys):
    model = sequential()
    model.compile("sgd", "mse")
    callback = ktk.callbacks.FineTuning({0: "head"}, verbose=1)
    model.fit(X, Y, verbose=0, callbacks=[callback])
    assert "1 of 3 layers, 5 of 57 weights" in capsys.readouterr().out

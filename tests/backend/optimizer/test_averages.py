"""The averages of constrained weights (`use_ema`) keep the constraint."""

import keras
import numpy as np
import pytest

from keras_trainkit.backend.optimizer import averages
from keras_trainkit.callbacks import FineTuning
from keras_trainkit.constraints import Chain
from keras_trainkit.constraints import IncomingMaxNorm
from keras_trainkit.constraints import constrain
from tests.helpers.arrays import to_numpy
from tests.helpers.models import linear_model
from tests.helpers.models import mlp
from tests.helpers.models import regression_data
from tests.helpers.replay import LinearReplay
from tests.helpers.replay import batches
from tests.helpers.replay import sgd

RADIUS = 0.2
EMA = 0.9
RATE = 0.3


def optimizer(**kwargs):
    return keras.optimizers.SGD(
        RATE, 0.9, use_ema=True, ema_momentum=EMA, **kwargs
    )


def fit(model, epochs=3, **kwargs):
    x, y = regression_data()
    model.fit(
        x, y, batch_size=16, epochs=epochs, shuffle=False, verbose=0, **kwargs
    )


def largest_norm(model, axes=(0,)):
    return max(
        np.linalg.norm(to_numpy(w), axis=axes).max()
        for w in model.weights
        if w.constraint is not None
    )


def inside(value):
    return value <= RADIUS * (1 + 1e-5)


def ball(w):
    return w * min(1.0, RADIUS / np.linalg.norm(w))


def unit(w):
    return w / (1e-7 + np.linalg.norm(w))


class AveragedReplay(LinearReplay):
    """Keras's step, in float64, with the average of the kernel projected."""

    def __init__(self, weights, project, frequency):
        super().__init__(weights, sgd)
        self.project = project
        self.frequency = frequency
        self.averages = None
        self.steps = 0

    def update(self, gradients, **values):
        super().update(gradients, **values)
        olds = self.averages or self.weights
        kernel, bias = (
            EMA * old + (1 - EMA) * new
            for old, new in zip(olds, self.weights, strict=True)
        )
        self.averages = [self.project(kernel), bias]
        self.steps += 1
        if self.frequency and self.steps % self.frequency == 0:
            self.weights = list(self.averages)
        self.weights[0] = self.project(self.weights[0])


@pytest.mark.parametrize(
    "constraint, project, frequency",
    [
        (IncomingMaxNorm(RADIUS), ball, None),
        (IncomingMaxNorm(RADIUS), ball, 5),
        (keras.constraints.UnitNorm(axis=0), unit, 5),
        (keras.constraints.NonNeg(), lambda w: np.maximum(w, 0), None),
        (
            Chain("non_neg", IncomingMaxNorm(RADIUS)),
            lambda w: ball(w.clip(0)),
            5,
        ),
    ],
    ids=[
        "max-norm",
        "max-norm, overwritten",
        "unit norm of Keras, overwritten",
        "non-negative of Keras",
        "chain, overwritten",
    ],
)
def test_a_fit_ends_at_the_projected_average(constraint, project, frequency):
    x, y = regression_data()
    model = linear_model()
    replay = AveragedReplay(model.get_weights(), project, frequency)
    for bx, by in batches(x, y, 16, epochs=3):
        replay.step(bx, by, learning_rate=RATE, momentum=0.9)
    constrain(model, constraint=constraint)
    model.compile(optimizer(ema_overwrite_frequency=frequency), "mse")
    fit(model)
    expected = zip(model.get_weights(), replay.averages, strict=True)
    for found, average in expected:
        np.testing.assert_allclose(found, average, atol=2e-6)


def constrained_before_compile():
    model = mlp()
    constrain(model, max_norm=RADIUS)
    model.compile(optimizer(), "mse")
    return model


def constrained_when_trained():
    model = mlp()
    model.compile(optimizer(), "mse")
    x, y = regression_data(16)
    # On JAX a second `fit` with `use_ema` fails in plain Keras, too.
    model.train_on_batch(x, y)
    model.train_on_batch(x, y)
    assert not inside(np.linalg.norm(to_numpy(model.layers[0].kernel)))
    constrain(model, max_norm=RADIUS)
    return model


def compiled_with_loss_scaling():
    model = mlp()
    inner = optimizer()
    model.compile(keras.optimizers.LossScaleOptimizer(inner), "mse")
    constrain(model, max_norm=RADIUS)
    return model


def eager():
    model = mlp()
    constrain(model, max_norm=RADIUS)
    model.compile(optimizer(), "mse", run_eagerly=True)
    return model


def clone():
    model = mlp()
    constrain(model, max_norm=RADIUS)
    copy = keras.models.clone_model(model)
    copy.compile(optimizer(), "mse")
    return copy


def by_the_layers_argument():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((8,)),
            keras.layers.Dense(
                1, kernel_constraint=IncomingMaxNorm(np.float64(RADIUS))
            ),
        ]
    )
    model.compile(optimizer(), "mse")
    return model


@pytest.mark.parametrize(
    "make",
    [
        constrained_before_compile,
        constrained_when_trained,
        compiled_with_loss_scaling,
        eager,
        clone,
        by_the_layers_argument,
    ],
)
def test_the_norms_are_inside_after_the_last_overwrite(make):
    model = make()
    fit(model)
    assert inside(largest_norm(model))


def test_a_loaded_model_ends_inside(tmp_path):
    model = constrained_before_compile()
    fit(model, 1)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    fit(loaded)
    assert inside(largest_norm(loaded))


def test_the_optimizer_of_a_later_stage_does_so_too():
    model = constrained_before_compile()
    fit(model, callbacks=[FineTuning({0: "head", 1: "all"})])
    assert inside(largest_norm(model))


def test_the_projections_of_attention_are_known_by_their_paths():
    inputs = keras.Input((4, 8))
    layer = keras.layers.MultiHeadAttention(2, 4, name="attention")
    model = keras.Model(inputs, keras.ops.mean(layer(inputs, inputs), (1, 2)))
    constrain(model, max_norm=RADIUS)
    model.compile(optimizer(), "mse")
    x, y = regression_data()
    model.fit(np.stack([x] * 4, 1), y, epochs=2, verbose=0)
    query = np.linalg.norm(to_numpy(layer.query_dense.kernel), axis=0)
    output = np.linalg.norm(to_numpy(layer.output_dense.kernel), axis=(0, 1))
    assert inside(query.max()) and inside(output.max())


class NormsInEvaluation(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.norms = []

    def on_test_batch_end(self, batch, logs=None):
        self.norms.append(largest_norm(self.model))


def test_the_averages_are_inside_whenever_swap_ema_weights_shows_them():
    model = constrained_before_compile()
    seen = NormsInEvaluation()
    swap = keras.callbacks.SwapEMAWeights()
    data = regression_data(16)
    fit(model, validation_data=data, callbacks=[swap, seen])
    assert len(seen.norms) == 3
    assert all(inside(norm) for norm in seen.norms)


@pytest.mark.parametrize(
    "constraint",
    [None, keras.constraints.MaxNorm(RADIUS)],
    ids=["no constraint", "one that Keras was given without us"],
)
def test_other_weights_are_averaged_as_keras_does(constraint):
    IncomingMaxNorm(RADIUS)
    model = linear_model()
    model.layers[0].kernel.constraint = constraint
    twin = keras.models.clone_model(model)
    twin.set_weights(model.get_weights())
    twin.layers[0].kernel.constraint = constraint
    twin_optimizer = optimizer()
    # The method that Keras's class had before.
    update = keras.optimizers.Optimizer._update_model_variables_moving_average
    plain = update.__wrapped__
    twin_optimizer._update_model_variables_moving_average = lambda variables: (
        plain(twin_optimizer, variables)
    )
    for one, rule in ((model, optimizer()), (twin, twin_optimizer)):
        one.compile(rule, "mse")
        fit(one)
    for a, b in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_method_is_replaced_once():
    constraint = keras.constraints.NonNeg()
    averages.project_averages(constraint)
    name = "_update_model_variables_moving_average"
    replaced = getattr(keras.optimizers.Optimizer, name)
    averages.project_averages(constraint)
    assert getattr(keras.optimizers.Optimizer, name) is replaced
    assert not hasattr(replaced.__wrapped__, "__wrapped__")

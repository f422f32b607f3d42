"""Layers begin anew, as fresh layers of the same configuration do."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.backend.optimizer.slots import build_over_what_trains
from tests.helpers.arrays import to_numpy
from tests.models import zoo

L = keras.layers
BY_LAYER = {
    "dense": lambda: L.Dense(3, kernel_initializer="he_normal"),
    "a bias": lambda: L.Dense(3, bias_initializer="ones"),
    "normalisation": L.BatchNormalization,
    "recurrent": lambda: L.LSTM(2),
    "both ways": lambda: L.Bidirectional(L.GRU(2)),
    "wrapped": lambda: L.TimeDistributed(L.Dense(2)),
    "spectral": lambda: L.SpectralNormalization(L.Dense(2)),
    "one's own": lambda: zoo.Block(4),
    "embedding": lambda: L.Embedding(5, 2),
}


def shape_of(name):
    if name in ("recurrent", "both ways", "wrapped"):
        return (3, 4)
    return (4,)


def filled(model):
    for variable in model.weights:
        variable.assign(keras.ops.full(variable.shape, 5.0, variable.dtype))
    return model


def weights(model):
    return [to_numpy(v.value) for v in model.weights]


@pytest.mark.parametrize("name", BY_LAYER)
def test_what_is_drawn_is_what_a_fresh_layer_draws(name):
    model = keras.Sequential([keras.Input(shape_of(name)), BY_LAYER[name]()])
    keras.utils.set_random_seed(0)
    expected = weights(keras.models.clone_model(model))
    filled(model)
    keras.utils.set_random_seed(0)
    assert len(ktk.initializers.reinitialize(model, "all")) >= 1
    for found, wanted in zip(weights(model), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6)


@pytest.mark.one_backend
def test_seeded_initializers_draw_the_same_and_others_anew():
    seeded = keras.initializers.HeNormal(seed=3)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            L.Dense(4, kernel_initializer=seeded, name="seeded"),
            L.Dense(4, name="free"),
        ]
    )
    before = weights(model)
    ktk.initializers.reinitialize(model, "all")
    after = weights(model)
    np.testing.assert_array_equal(after[0], before[0])
    assert np.abs(after[2] - before[2]).min() > 0


@pytest.mark.parametrize(
    ("kind", "selection", "paths"),
    [
        ("sequential", 1, ["head"]),
        ("nested", "outer/backbone/*", ["one", "norm", "two"]),
        ("shared", "*both", ["both"]),
        ("block", "block/first", ["first"]),
        ("attention", "attention", ["attention"]),
        ("subclassed", ["hidden", "head"], ["hidden", "head"]),
    ],
)
def test_only_the_selected_begin_anew(kind, selection, paths):
    model = zoo.ZOO[kind]()
    flags = [v.trainable for v in model.variables]
    filled(model)
    found = ktk.initializers.reinitialize(model, selection)
    assert [path.rpartition("/")[2] for path in found] == paths
    chosen = ktk.models.select(model, selection)
    meant = {id(v) for layer in chosen for v in layer.weights}
    for variable in model.weights:
        kept = (to_numpy(variable.value) == 5.0).all()
        assert kept != (id(variable) in meant), variable.path
    assert [v.trainable for v in model.variables] == flags


@pytest.mark.one_backend
def test_what_a_subclassed_model_owns_itself():
    model = filled(zoo.subclassed())
    before = weights(model)
    assert ktk.initializers.reinitialize(model, "model") == ["model"]
    changed = [
        v.name
        for v, old in zip(model.weights, before, strict=True)
        if (to_numpy(v.value) != old).any()
    ]
    assert changed == ["scale", "step"]


@pytest.mark.one_backend
def test_what_is_not_built_is_left_to_its_first_call():
    found = ktk.initializers.reinitialize(zoo.subclassed(), "all")
    assert "unused" not in found and "hidden" in found


@pytest.mark.one_backend
def test_lora_begins_without_effect():
    model = keras.Sequential([keras.Input((4,)), L.Dense(3)])
    model.layers[0].enable_lora(2)
    filled(model)
    ktk.initializers.reinitialize(model, "all")
    kernel = next(v for v in model.weights if v.name == "kernel")
    assert not kernel.trainable
    np.testing.assert_allclose(
        to_numpy(model.layers[0].kernel), to_numpy(kernel.value)
    )


OPTIMIZERS = {
    "adagrad": lambda: keras.optimizers.Adagrad(0.1),
    "averages": lambda: keras.optimizers.SGD(0.1, momentum=0.9, use_ema=True),
    "loss scaling": lambda: keras.optimizers.LossScaleOptimizer(
        keras.optimizers.Adam(0.1)
    ),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_forgets_what_it_knew_of_them(name):
    model = keras.Sequential(
        [keras.Input((4,)), L.Dense(3, name="hidden"), L.Dense(1, name="head")]
    )
    model.compile(OPTIMIZERS[name](), "mse")
    build_over_what_trains(model)
    fresh = {v.path: to_numpy(v.value) for v in model.optimizer.variables}
    for variable in model.optimizer.variables:
        variable.assign(keras.ops.full(variable.shape, 7, variable.dtype))
    ktk.initializers.reinitialize(model, "head")
    inner = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    of_head = [v for v in inner.variables if "head" in v.path]
    assert len(of_head) >= 2
    for variable in of_head:
        expected = fresh[variable.path]
        if "average" in variable.path:
            expected = to_numpy(
                model.layers[1].kernel
                if "kernel" in variable.path
                else model.layers[1].bias
            )
        np.testing.assert_allclose(to_numpy(variable.value), expected)
    others = [v for v in model.optimizer.variables if "head" not in v.path]
    assert all((to_numpy(v.value) == 7).all() for v in others)


class NoConfig(L.Layer):
    def __init__(self, units):
        super().__init__(name="no_config")
        self.dense = L.Dense(units)

    def build(self, shape):
        self.dense.build(shape)

    def call(self, x):
        return self.dense(x)


def with_layer(layer):
    return keras.Sequential(
        [keras.Input((4,)), L.Dense(4, name="first"), layer]
    )


def quantised():
    model = with_layer(L.Dense(4, name="second"))
    model.quantize("int8")
    return model


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: with_layer(NoConfig(3)), "get_config"),
        (quantised, "is quantised"),
    ],
    ids=["no configuration", "quantised"],
)
def test_what_has_no_start_is_refused_and_nothing_changed(make, said):
    model = make()
    before = weights(model)
    with pytest.raises(ValueError, match=said):
        ktk.initializers.reinitialize(model, "all")
    np.testing.assert_equal(weights(model), before)


@pytest.mark.one_backend
def test_preprocessing_layers_keep_what_they_adapted_to():
    adapted = L.Normalization(name="adapted")
    adapted.adapt(np.arange(12.0).reshape(3, 4))
    model = keras.Sequential(
        [keras.Input((4,)), adapted, L.Dense(1, name="head")]
    )
    before = to_numpy(model(np.ones((1, 4)))), weights(adapted)
    assert ktk.initializers.reinitialize(model, "all") == ["head"]
    np.testing.assert_equal(weights(adapted), before[1])
    with pytest.raises(ValueError, match="adapted to data"):
        ktk.initializers.reinitialize(model, "adapted")


@pytest.mark.one_backend
def test_a_model_that_is_not_built_is_refused():
    with pytest.raises(ValueError, match="built"):
        ktk.initializers.reinitialize(keras.Sequential([L.Dense(1)]), "all")

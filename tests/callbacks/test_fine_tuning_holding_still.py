"""Frozen layers leave alone what they change in training mode."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.torch_modules import model_with
from tests.helpers.torch_modules import normalized
from tests.helpers.torch_modules import only_torch

RNG = np.random.default_rng(5)
X = RNG.normal(size=(16, 4)).astype("float32")
Y = RNG.normal(size=(16, 1)).astype("float32")


def spectral_model():
    spectral = keras.layers.SpectralNormalization(
        keras.layers.Dense(3, name="inner"), name="spectral"
    )
    return keras.Sequential(
        [keras.Input((4,)), spectral, keras.layers.Dense(1, name="head")]
    )


def fit(model, *callbacks, epochs=1):
    if not model.compiled:
        model.compile(keras.optimizers.SGD(0.05), "mse")
    model.fit(
        X,
        Y,
        batch_size=8,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=list(callbacks),
    )


def spectral_state(model):
    return model.get_layer("spectral").get_weights()


def changed(before, after):
    return [
        not np.array_equal(one, other)
        for one, other in zip(before, after, strict=True)
    ]


@pytest.mark.parametrize(
    "freeze",
    [
        lambda model: ktk.transfer.freeze(model, "spectral"),
        lambda model: ktk.transfer.freeze(model, "spectral/inner"),
        lambda model: ktk.transfer.set_trainable(model, "head"),
        lambda model: None,
    ],
    ids=["freeze", "freeze inside", "set_trainable", "FineTuning"],
)
def test_a_frozen_spectral_normalization_keeps_its_kernel(freeze):
    model = spectral_model()
    before = spectral_state(model)
    done = freeze(model)
    if done is None:
        fit(model, ktk.callbacks.FineTuning({0: "head"}))
    fit(model)
    assert not any(changed(before, spectral_state(model)))


def test_a_stage_that_trains_it_moves_it():
    model = spectral_model()
    before = spectral_state(model)
    fit(model, ktk.callbacks.FineTuning({0: "head", 1: "all"}), epochs=2)
    assert all(changed(before, spectral_state(model)))


def test_it_trains_as_keras_does_once_it_is_unfrozen():
    ours, plain = spectral_model(), spectral_model()
    plain.set_weights(ours.get_weights())
    ktk.transfer.freeze(ours, "spectral")
    ktk.transfer.unfreeze(ours, "spectral")
    fit(ours)
    fit(plain)
    for one, other in zip(ours.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_a_flag_set_by_hand_afterwards_counts():
    model = spectral_model()
    ktk.transfer.freeze(model, "spectral")
    before = spectral_state(model)
    model.get_layer("spectral").trainable = True
    fit(model)
    assert all(changed(before, spectral_state(model)))


def test_a_model_that_holds_still_is_saved_as_keras_saves_it(tmp_path):
    model = spectral_model()
    ktk.transfer.freeze(model, "spectral")
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    kind = type(loaded.get_layer("spectral"))
    assert kind is keras.layers.SpectralNormalization
    np.testing.assert_array_equal(
        loaded.predict(X, verbose=0), model.predict(X, verbose=0)
    )


def test_a_refused_change_leaves_the_layer_as_it_was():
    model = spectral_model()
    model.compile(DictSlots(0.05), "mse")
    model.optimizer.build(model.trainable_variables)
    with pytest.raises(ValueError, match="before `compile` instead"):
        ktk.transfer.freeze(model, "spectral")
    kind = type(model.get_layer("spectral"))
    assert kind is keras.layers.SpectralNormalization


class DictSlots(keras.optimizers.SGD):
    def build(self, variables):
        super().build(variables)
        self.extra = {v.path: self.add_variable(v.shape) for v in variables}


def buffers(wrapper):
    return [b.detach().cpu().numpy().copy() for b in wrapper.module.buffers()]


@only_torch
@pytest.mark.parametrize("affine", [True, False])
def test_a_frozen_torch_module_keeps_its_statistics(affine):
    wrapper = normalized(affine=affine)
    model = model_with(wrapper)
    before = buffers(wrapper)
    fit(model, ktk.callbacks.FineTuning({0: "head"}))
    ktk.transfer.freeze(model, "inner")
    fit(model)
    assert not any(changed(before, buffers(wrapper)))


@only_torch
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize(
    "policy, moves", [("inference", False), ("follow", True)]
)
def test_an_unfrozen_torch_module_keeps_its_statistics_by_policy(
    affine, policy, moves
):
    wrapper = normalized(affine=affine)
    model = model_with(wrapper)
    statistics, weights = buffers(wrapper), wrapper.get_weights()
    fit(
        model,
        ktk.callbacks.FineTuning({0: "head", 1: "all"}, batch_norm=policy),
        epochs=2,
    )
    assert changed(statistics, buffers(wrapper)) == [moves] * 3
    linear_kernel, _, *own = changed(weights, wrapper.get_weights())
    assert linear_kernel
    assert own == ([moves, moves] if affine else [])


@only_torch
def test_a_torch_module_of_the_first_stage_trains_its_statistics():
    wrapper = normalized()
    before = buffers(wrapper)
    fit(model_with(wrapper), ktk.callbacks.FineTuning({0: "all"}))
    assert all(changed(before, buffers(wrapper)))


@only_torch
def test_a_frozen_torch_module_normalises_by_its_statistics():
    """The step sees what inference sees: the head's gradient by hand."""
    wrapper = normalized()
    model = model_with(wrapper)
    head = model.get_layer("head")
    hidden = model.get_layer("inner").predict(X, verbose=0).astype("float64")
    kernel, bias = (w.astype("float64") for w in head.get_weights())
    ktk.transfer.freeze(model, "inner")
    model.compile(keras.optimizers.SGD(0.05), "mse")
    model.fit(X, Y, batch_size=len(X), verbose=0)
    error = 2 * (hidden @ kernel + bias - Y) / len(X)
    expected = kernel - 0.05 * hidden.T @ error
    np.testing.assert_allclose(head.get_weights()[0], expected, atol=1e-5)


@only_torch
def test_dropout_of_a_frozen_torch_module_still_drops():
    import torch

    wrapper = keras.layers.TorchModuleWrapper(
        torch.nn.Sequential(torch.nn.Linear(4, 50), torch.nn.Dropout(0.5))
    )
    model = keras.Sequential([keras.Input((4,)), wrapper])
    ktk.transfer.freeze(model, "all")
    out = keras.ops.convert_to_numpy(model(X, training=True))
    assert 0.2 < np.mean(out == 0) < 0.8

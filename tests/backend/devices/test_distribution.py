"""What an engine cannot do is refused before anything is changed.

The engines themselves run in `tests/distributed`, in processes of their own.
"""

import types

import keras
import pytest

from keras_trainkit.backend.devices.distribution import refuse_devices
from keras_trainkit.backend.devices.distribution import refuse_impossible
from keras_trainkit.backend.devices.distribution import refuse_strategy
from tests.helpers.models import linear_model


def attached(**kwargs):
    model = linear_model()
    accumulation = kwargs.pop("accumulation", None)
    model.compile(
        keras.optimizers.SGD(0.1, gradient_accumulation_steps=accumulation),
        "mse",
        **kwargs,
    )
    callback = keras.callbacks.Callback()
    callback.set_model(model)
    return callback


@pytest.mark.parametrize(
    "kwargs",
    [{}, {"accumulation": 2}, {"steps_per_execution": 4}],
    ids=repr,
)
def test_one_device_does_it_all(kwargs):
    if keras.backend.backend() == "torch":
        kwargs = {**kwargs, "steps_per_execution": 1}
    callback = attached(**kwargs)
    assert refuse_impossible(callback) is None


def test_keras_still_keeps_the_model_it_was_given_where_we_look():
    """`Callback.model` would unwrap a DistributedDataParallel."""
    callback = attached()
    assert callback._model is callback.model


@pytest.mark.parametrize(
    "kwargs, name",
    [
        ({"accumulation": 2}, "gradient_accumulation_steps"),
        ({"steps_per_execution": 4}, "steps_per_execution"),
    ],
    ids=["accumulation", "steps_per_execution"],
)
def test_a_mirrored_model_is_refused(kwargs, name, strategy, monkeypatch):
    callback = attached(**kwargs)
    monkeypatch.setattr(callback.model, "_distribute_strategy", strategy)
    with pytest.raises(ValueError, match=f"`{name}` must be"):
        refuse_impossible(callback)


@pytest.mark.parametrize(
    "kwargs",
    [
        {"run_eagerly": True, "accumulation": 2},
        {"run_eagerly": True, "steps_per_execution": 4},
        {},
    ],
    ids=repr,
)
def test_what_works_mirrored_is_let_through(kwargs, strategy, monkeypatch):
    callback = attached(**kwargs)
    monkeypatch.setattr(callback.model, "_distribute_strategy", strategy)
    assert refuse_impossible(callback) is None


@pytest.mark.parametrize("refuse", [refuse_devices, refuse_strategy])
def test_a_model_of_a_strategy_is_refused(refuse, strategy, monkeypatch):
    model = linear_model()
    assert refuse(model, "a search", "it cannot") is None
    monkeypatch.setattr(model, "_distribute_strategy", strategy)
    told = "`distribute_strategy` must be none with a search: it cannot"
    with pytest.raises(ValueError, match=told):
        refuse(model, "a search", "it cannot")


@pytest.mark.parametrize("count", [1, 2])
def test_several_devices_of_a_mesh_are_refused(count, monkeypatch):
    mesh = keras.distribution.DeviceMesh(
        (count,), ["batch"], [f"cpu:{i}" for i in range(count)]
    )
    # A real one needs JAX on the lowest Keras.
    spread = types.SimpleNamespace(device_mesh=mesh)
    monkeypatch.setattr(keras.distribution, "distribution", lambda: spread)
    model = linear_model()
    assert refuse_strategy(model, "a search", "it cannot") is None
    if count == 1:
        assert refuse_devices(model, "a search", "it cannot") is None
        return
    told = "`distribution` must be one of a single device.*a search: it cannot"
    with pytest.raises(ValueError, match=told):
        refuse_devices(model, "a search", "it cannot")


@pytest.fixture
def strategy():
    """Stands for a MirroredStrategy over two devices, which needs them."""
    if keras.backend.backend() != "tensorflow":
        pytest.skip("tf.distribute needs the TensorFlow backend")
    import tensorflow as tf

    class TwoReplicas(tf.distribute.MirroredStrategy):
        num_replicas_in_sync = 2

        def __init__(self):
            """Starts no collectives."""

    return TwoReplicas()

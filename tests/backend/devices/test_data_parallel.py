"""What a model's wrapper averages; two ranks of it run in tests/distributed."""

import gc

import keras
import pytest

from keras_trainkit.backend.devices import data_parallel

TORCH = keras.backend.backend() == "torch"
only_torch = pytest.mark.skipif(
    not TORCH, reason="DistributedDataParallel needs the torch backend"
)


def network():
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(2, name="low"),
            keras.layers.Dense(1, name="head"),
        ]
    )
    model.compile("sgd", "mse")
    return model


def callback_of(model):
    callback = keras.callbacks.Callback()
    callback.set_model(model)
    return callback


@pytest.fixture
def group(monkeypatch):
    """A process group of one, which says that it is of two."""
    import torch.distributed as dist

    dist.init_process_group(
        "gloo", store=dist.HashStore(), rank=0, world_size=1
    )
    monkeypatch.setattr(dist, "get_world_size", lambda *group: 2)
    # What there is already need not be looked through.
    gc.freeze()
    yield
    gc.unfreeze()
    monkeypatch.undo()
    dist.destroy_process_group()


def wrapped(model, **options):
    from torch.nn.parallel import DistributedDataParallel

    return DistributedDataParallel(model, **options)


def test_without_a_process_group_there_is_no_wrapper():
    callback = callback_of(network())
    assert data_parallel.wrappers(callback) == []
    assert data_parallel.refuse_ranks(callback, "why", "instead") is None
    assert data_parallel.require_averaged(callback, None) is None


@only_torch
@pytest.mark.parametrize("given", ["wrapper", "model"])
def test_a_wrapper_is_found(group, given):
    model = network()
    one = wrapped(model)
    callback = callback_of(one if given == "wrapper" else model)
    assert data_parallel.wrappers(callback) == [one]


@only_torch
def test_a_wrapper_of_a_part_is_found_and_one_of_another_model_is_not(group):
    import torch

    model = network()
    part = wrapped(torch.nn.ModuleList([model.layers[0]]))
    other = wrapped(network())
    assert data_parallel.wrappers(callback_of(model)) == [part]
    assert data_parallel.wrappers(callback_of(other.module)) == [other]


@only_torch
def test_a_wrapper_that_is_gone_is_not_found(group):
    model = network()
    one = wrapped(model)
    one.itself = one
    del one
    assert data_parallel.wrappers(callback_of(model)) == []


@only_torch
def test_a_loop_is_refused(group):
    one = wrapped(network())
    with pytest.raises(TypeError, match=r"Why\. Instead\."):
        data_parallel.refuse_ranks(callback_of(one), "Why", "Instead.")


@only_torch
def test_gradients_are_averaged_of_what_trained_when_it_was_wrapped(group):
    """Fails where torch's reducer no longer tells its parameters."""
    model = network()
    low, head = model.layers
    low.trainable = False
    one = wrapped(model)
    low.trainable = True
    expected = {id(v.value) for v in head.trainable_variables}
    assert data_parallel.averaged_parameters(one) == expected


@only_torch
def test_what_is_unfrozen_later_is_refused(group):
    model = network()
    low, head = model.layers
    low.trainable = False
    callback = callback_of(wrapped(model, find_unused_parameters=True))
    low.trainable = True
    stages = [head.trainable_variables, model.trainable_variables]
    with pytest.raises(ValueError, match=r"are never averaged.*low/kernel"):
        data_parallel.require_averaged(callback, lambda: stages)


@only_torch
@pytest.mark.parametrize(
    "options, accepted",
    [
        ({"find_unused_parameters": True}, True),
        ({}, False),
        ({"static_graph": True}, False),
    ],
    ids=repr,
)
def test_a_wrapper_must_not_wait_for_what_is_frozen(group, options, accepted):
    model = network()
    callback = callback_of(wrapped(model, **options))
    stages = [model.layers[1].trainable_variables, model.trainable_variables]
    assert data_parallel.require_averaged(callback, lambda: stages[1:]) is None
    if accepted:
        assert data_parallel.require_averaged(callback, lambda: stages) is None
        return
    with pytest.raises(ValueError, match="`find_unused_parameters` must be"):
        data_parallel.require_averaged(callback, lambda: stages)


@only_torch
def test_a_wrapped_model_needs_an_optimizer(group):
    model = network()
    callback = callback_of(wrapped(model))
    assert data_parallel.require_optimizer(callback) is None
    del model.optimizer
    with pytest.raises(ValueError, match="Compile the model before wrapping"):
        data_parallel.require_optimizer(callback)

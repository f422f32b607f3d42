"""One process of several prints and writes files."""

import json
import sys
import types

import keras
import pytest

from keras_trainkit.backend.devices.process import is_main_process

WORKERS = {"worker": ["a:1", "b:1"]}
CHIEF = {"chief": ["c:1"], **WORKERS}


@pytest.fixture
def backend(monkeypatch):
    """Returns a function that makes Keras name another backend."""
    monkeypatch.delenv("TF_CONFIG", raising=False)
    return lambda name: monkeypatch.setattr(
        keras.backend, "backend", lambda: name
    )


def test_a_process_alone_is_the_main_one():
    assert is_main_process()


@pytest.mark.parametrize(
    "config, expected",
    [
        ({}, True),
        ({"cluster": WORKERS}, True),
        ({"cluster": WORKERS, "task": {"type": "worker", "index": 0}}, True),
        ({"cluster": WORKERS, "task": {"type": "worker", "index": 1}}, False),
        ({"cluster": CHIEF, "task": {"type": "chief", "index": 0}}, True),
        ({"cluster": CHIEF, "task": {"type": "worker", "index": 0}}, False),
        ({"cluster": CHIEF, "task": {"type": "evaluator", "index": 0}}, False),
        ({"cluster": WORKERS, "task": {"type": "ps", "index": 0}}, False),
    ],
    ids=repr,
)
def test_tensorflow_asks_tf_config(config, expected, backend, monkeypatch):
    backend("tensorflow")
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    assert is_main_process() is expected


@pytest.mark.parametrize("index, expected", [(0, True), (1, False)])
def test_jax_asks_for_the_process_index(index, expected, backend, monkeypatch):
    backend("jax")
    fake = types.SimpleNamespace(process_index=lambda: index)
    monkeypatch.setitem(sys.modules, "jax", fake)
    assert is_main_process() is expected


@pytest.mark.parametrize(
    "available, launched, rank, expected",
    [
        (False, False, 1, True),
        (True, False, 1, True),
        (True, True, 0, True),
        (True, True, 1, False),
    ],
)
def test_torch_asks_for_the_rank(
    available, launched, rank, expected, backend, monkeypatch
):
    backend("torch")
    fake = types.SimpleNamespace(
        is_available=lambda: available,
        is_initialized=lambda: launched,
        get_rank=lambda: rank,
    )
    monkeypatch.setitem(
        sys.modules, "torch", types.SimpleNamespace(distributed=fake)
    )
    monkeypatch.setitem(sys.modules, "torch.distributed", fake)
    assert is_main_process() is expected

"""One process of several prints and writes files."""

import ast
import json
import sys
import types
from pathlib import Path

import keras
import pytest

from keras_trainkit.backend.devices.process import is_main_process
from keras_trainkit.backend.devices.process import shown

PACKAGE = Path(__file__).parents[3] / "keras_trainkit"
WRITES = {"print", "Progbar", "write_text", "write_bytes", "savez", "ScalarLog"}
# The command's output is what it is called for, a page of the docs likewise;
# the features of a process's own rows are its own.
OF_EVERY_PROCESS = {
    "command_line.py",
    "diagnostics/rules/catalogue.py",
    "transfer/frozen_trunk/feature_store.py",
}
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


def in_scope(monkeypatch, kind, index):
    """Lets TensorFlow's current strategy be one of several workers."""
    spec = types.SimpleNamespace(as_dict=lambda: WORKERS)
    resolver = types.SimpleNamespace(
        task_type=kind, task_id=index, cluster_spec=lambda: spec
    )
    strategy = types.SimpleNamespace(cluster_resolver=resolver)
    distribute = types.SimpleNamespace(get_strategy=lambda: strategy)
    fake = types.SimpleNamespace(distribute=distribute)
    monkeypatch.setitem(sys.modules, "tensorflow", fake)


@pytest.mark.parametrize(
    "kind, index, expected",
    [("worker", 0, True), ("worker", 1, False), (None, None, True)],
)
def test_the_strategy_in_whose_scope_one_is_says_which_task_it_is(
    kind, index, expected, backend, monkeypatch
):
    backend("tensorflow")
    in_scope(monkeypatch, kind, index)
    assert is_main_process() is expected


@pytest.mark.parametrize("index, expected", [(0, 2), (1, 0)])
def test_verbose_is_0_on_all_others(index, expected, backend, monkeypatch):
    backend("jax")
    fake = types.SimpleNamespace(process_index=lambda: index)
    monkeypatch.setitem(sys.modules, "jax", fake)
    assert shown(2) == expected


def called(tree):
    """Returns the names of what a module calls, the last part of each."""
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {ast.unparse(function).split(".")[-1] for function in calls}


def asks_no_one(source):
    """Whether a module prints or writes on whatever process it is."""
    names = called(ast.parse(source))
    return bool(WRITES & names) and not names & {"is_main_process", "shown"}


@pytest.mark.one_backend
def test_what_prints_or_writes_asks_which_process_it_is():
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if asks_no_one(path.read_text("utf-8"))
    }
    assert found - OF_EVERY_PROCESS == set()


@pytest.mark.one_backend
def test_a_planted_print_is_found():
    assert asks_no_one("def f(verbose):\n    if verbose:\n        print(1)")
    assert not asks_no_one("if is_main_process():\n    print(1)")


@pytest.mark.one_backend
@pytest.mark.parametrize("path", sorted(OF_EVERY_PROCESS))
def test_the_exceptions_still_print_or_write(path):
    source = (PACKAGE / path).read_text("utf-8")
    assert WRITES & called(ast.parse(source)) or "open(path" in source

"""Each benchmark says what it runs on, and those for accelerators run."""

import ast
import sys
from pathlib import Path

import keras
import pytest

pytestmark = pytest.mark.one_backend
FOLDER = Path(__file__).parents[2] / "benchmarks"
# It writes tables, and measures nothing.
MEASURES_NOTHING = {"stored_results.py"}
SCRIPTS = sorted(
    path.name
    for path in FOLDER.glob("*.py")
    if "__main__" in path.read_text("utf-8")
    and path.name not in MEASURES_NOTHING
)
NETWORKS = ("resnet50", "transformer")
MEASURES = ("step", "frozen", "cached", "pruning", "first", "mc")


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        path = getattr(sys.modules[name], "__file__", None) or ""
        if Path(path).parent == FOLDER:
            del sys.modules[name]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_benchmark_says_what_it_runs_on(script):
    tree = ast.parse((FOLDER / script).read_text("utf-8"))
    called = [
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    assert called.count("announce") == 1


# What limits or follows a long run is no measurement.
OWN_CLOCKS = {"check_model.py", "training_doctor_corpus.py"}
# It times other processes, by the clock that was chosen.
OWN_CLOCKS |= {"import_time.py", "interleave.py"}


@pytest.mark.parametrize(
    "path", [p for p in FOLDER.glob("*.py") if p.name not in OWN_CLOCKS]
)
def test_a_benchmark_measures_by_the_clock_that_it_says(path):
    names = {
        node.attr
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
    }
    assert not names & {"perf_counter", "process_time", "time"}


def test_what_it_says(monkeypatch):
    import device

    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    said = device.described()
    assert said.startswith(f"{keras.backend.backend()} ")
    assert f" on {device.device()}, 3 threads, " in said
    assert f"Keras {keras.__version__}" in said
    assert device.on_cpu() is device.device().startswith("CPU")


def test_absolute_times_are_there_for_whom_asks(capsys):
    import interleave
    import numpy as np

    times, baseline = np.array([2.0, 4.0, 3.0]), np.array([1.0, 2.0, 1.5])
    interleave.report("one", times, baseline)
    interleave.report("two", times, baseline, seconds=True)
    one, two = capsys.readouterr().out.splitlines()
    assert one.endswith("one: x2.000 (quartiles 2.000 to 2.000, 3 pairs)")
    assert two.endswith("3 pairs); 3 s over 1.5 s")


@pytest.mark.parametrize("network", NETWORKS)
def test_the_set_for_accelerators_runs_when_it_is_small(network, capsys):
    import on_accelerator

    on_accelerator.main(
        ["--small", "--pairs", "1", "--networks", network, "--what", *MEASURES]
    )
    lines = capsys.readouterr().out.splitlines()
    assert sorted(on_accelerator.MEASURES) == sorted(MEASURES)
    # Two of step and of mc, one of each other.
    assert (
        sum(f"{network}: " in line and " s over " in line for line in lines)
        == 8
    )
    assert keras.config.dtype_policy().name == "float32"

"""What SECURITY.md says about loading files."""

import ast
import json
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.callbacks.bases.average_files import AverageFiles
from keras_trainkit.kernels.equal_average import EqualAverage
from tests.package.nested_objects import HOLDERS
from tests.package.nested_objects import lambda_that_writes
from tests.package.nested_objects import with_lambda

ROOT = Path(__file__).parents[2]


@pytest.fixture
def mark(tmp_path):
    """A file that exists once the code in a lambda has run."""
    return tmp_path / "the code has run"


@pytest.mark.parametrize("name", HOLDERS)
def test_a_lambda_nested_in_our_classes_is_refused(name, mark):
    holder, key = HOLDERS[name]
    config = with_lambda(holder(), key, mark)
    with pytest.raises(ValueError, match="lambda"):
        keras.saving.deserialize_keras_object(config)
    assert not mark.exists()


def test_the_lambda_would_have_run(mark):
    hidden = lambda_that_writes(mark)
    load = keras.saving.deserialize_keras_object
    load(hidden, safe_mode=False)()
    assert mark.exists()


@pytest.mark.one_backend
def test_all_classes_that_hold_others_were_tried():
    registers = "register_keras_serializable"
    holding = {
        f"{path.parent.name}.{path.stem}"
        for path in (ROOT / "keras_trainkit").rglob("*.py")
        if registers in (text := path.read_text("utf-8"))
        and ("deserialize" in text or "initializers.get(" in text)
    }
    modules = {type(make()).__module__ for make, _ in HOLDERS.values()}
    tried = {".".join(name.split(".")[-2:]) for name in modules}
    assert holding == tried


# Modules with calls that open files, import, or make code of text: none of them
# has a class that Keras loads. The first serves processes that train together;
# the modules of rules are the package's own.
READERS = {
    "backend/devices/between_processes.py": {"pickle.loads"},
    "backend/devices/process.py": {"json.loads"},
    "callbacks/bases/average_files.py": {"np.load", "open"},
    "command_line.py": {"keras.saving.load_model", "np.load"},
    "compression/sparsity_report.py": {"open"},
    "diagnostics/page/render.py": {"Path(__file__).with_name(name).read_text"},
    "diagnostics/rules/registry.py": {"importlib.import_module"},
    "transfer/frozen_trunk/feature_store.py": {"np.load", "open"},
}
BUILT_IN = ("open", "eval", "exec", "compile", "__import__")
METHODS = ("import_module", "load", "loads", "load_model", "load_weights")
METHODS += ("read_text", "read_bytes", "fromfile", "urlopen", "Popen", "system")


def reading_calls(source):
    """Returns the functions called in a module that could run a file's code."""
    found = {n.func for n in ast.walk(ast.parse(source)) if is_call(n)}
    return {
        ast.unparse(function)
        for function in found
        if getattr(function, "id", None) in BUILT_IN
        or getattr(function, "attr", None) in METHODS
    }


def is_call(node):
    return isinstance(node, ast.Call)


@pytest.mark.one_backend
def test_all_calls_that_could_run_code_of_a_file_are_listed():
    package = ROOT / "keras_trainkit"
    found = {
        path.relative_to(package).as_posix(): reading_calls(path.read_text())
        for path in package.rglob("*.py")
    }
    # Its `load` is that of average_files.py.
    found["callbacks/stochastic_weight_averaging.py"] -= {"self._files.load"}
    assert {path: calls for path, calls in found.items() if calls} == READERS
    texts = [(package / path).read_text("utf-8") for path in READERS]
    assert "register_keras_serializable" not in "".join(texts)
    assert "allow_pickle=True" not in "".join(texts)


@pytest.mark.one_backend
def test_a_planted_call_is_found():
    source = "import pickle\neval('1')\nmodel.eval()\npickle.load(file)\n"
    assert reading_calls(source) == {"eval", "pickle.load"}


def small(*layers):
    return keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(1)])


def tampered(path, old, new):
    """Replaces text in the configuration of a `.keras` file."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    config = files["config.json"].decode()
    assert old in config
    files["config.json"] = config.replace(old, new).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def test_a_file_with_a_hidden_lambda_is_refused(tmp_path, mark):
    path = tmp_path / "model.keras"
    small(ktk.layers.GLU(3, kernel_constraint="non_neg")).save(path)
    hidden = json.dumps(lambda_that_writes(mark))
    plain = '"kernel_constraint": ' + json.dumps(
        keras.constraints.serialize(keras.constraints.NonNeg())
    )
    tampered(path, plain, f'"kernel_constraint": {hidden}')
    with pytest.raises(ValueError, match="lambda"):
        keras.saving.load_model(path)
    assert not mark.exists()


@pytest.mark.one_backend
def test_monte_carlo_layers_are_saved_as_numbers(tmp_path):
    model = small(keras.layers.Dropout(0.5))
    path = tmp_path / "mc.keras"
    ktk.uncertainty.to_mc(model).save(path)
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
        config = archive.read("config.json").decode()
    assert names == {"config.json", "metadata.json", "model.weights.h5"}
    assert "keras_trainkit>MCDropout" in config
    assert "lambda" not in config


@pytest.mark.one_backend
def test_averages_of_objects_are_refused(tmp_path):
    files = AverageFiles(tmp_path)
    files.save(3, EqualAverage(1, [np.ones(2)]))
    (path,) = tmp_path.iterdir()
    np.savez(path, count=1, array_0=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        files.load(3)


@pytest.mark.one_backend
def test_names_from_a_file_are_escaped_in_the_page():
    model = small(keras.layers.Dense(3, name="<script>alert(1)<script>"))
    model.compile("sgd", "mse")
    page = ktk.diagnostics.check_model(model).to_html()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page

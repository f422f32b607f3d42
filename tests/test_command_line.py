"""`ktk check`: what it prints, what it refuses, its exit codes."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_trainkit import command_line
from keras_trainkit.command_line import main

pytestmark = pytest.mark.one_backend
ROOT = Path(__file__).parents[1]


def classifier(activation="softmax", loss="sparse_categorical_crossentropy"):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((4,), name="rows"),
            keras.layers.Dense(
                8, "relu", kernel_initializer="he_normal", name="hidden"
            ),
            keras.layers.Dense(3, activation, name="scores"),
        ]
    )
    model.compile(keras.optimizers.Adam(1e-3), loss, metrics=["accuracy"])
    return model


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Saved models and arrays by name."""
    folder = tmp_path_factory.mktemp("files")
    models = {
        "good": classifier(),
        "bad": classifier(None),
        "two_inputs": two_inputs(),
        "own_loss": classifier(loss=own_loss),
        "lambda": keras.Sequential(
            [keras.Input((4,)), keras.layers.Lambda(lambda x: x * 2)]
        ),
    }
    for name, model in models.items():
        model.save(folder / f"{name}.keras")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 4)), rng.integers(0, 3, 60)
    arrays = {
        "fitting": {"x": x, "y": y},
        "named": {"left": x, "right": x[:, :2], "y": y},
        "numbered": {"x_0": x, "x_1": x[:, :2], "y": y},
        "odd": {"x": x, "targets": y},
        "no_x": {"y": y},
        "objects": {"x": np.array([{}, None], dtype=object)},
    }
    for name, content in arrays.items():
        np.savez(folder / f"{name}.npz", **content)
    (folder / "text.npz").write_text("no arrays")
    np.save(folder / "single.npy", x)
    other = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5)])
    with (
        zipfile.ZipFile(folder / "good.keras") as good,
        zipfile.ZipFile(folder / "unlike.keras", "w") as archive,
    ):
        for entry in {*good.namelist()} - {"config.json"}:
            archive.writestr(entry, good.read(entry))
        config = keras.saving.serialize_keras_object(other)
        archive.writestr("config.json", json.dumps(config))
    (folder / "text.keras").write_text("no model")
    with zipfile.ZipFile(folder / "empty.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    return folder


def own_loss(target, output):
    return keras.ops.mean(keras.ops.square(target - output))


def two_inputs():
    left, right = (
        keras.Input((4,), name="left"),
        keras.Input((2,), name="right"),
    )
    joined = keras.layers.Concatenate()([left, right])
    scores = keras.layers.Dense(3, "softmax", name="scores")(joined)
    model = keras.Model([left, right], scores)
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def check(files, name, *arguments):
    return main(["check", str(files / name), *map(str, arguments)])


def test_a_sound_model_is_clean(files, capsys):
    data = ("--data", files / "fitting.npz", "--batch-size", 16)
    assert check(files, "good.keras", *data, "--epochs", 100) == 0
    assert "error" not in capsys.readouterr().out


def test_findings_are_told_and_counted(files, capsys):
    assert check(files, "bad.keras") == 1
    printed = capsys.readouterr().out
    assert "error" in printed
    assert "scores" in printed


def test_json_can_be_read_by_a_program(files, capsys):
    assert check(files, "bad.keras", "--format", "json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False
    assert told["findings"][0]["where"] == "scores"


def test_codes_are_selected_and_ignored(files, capsys):
    check(files, "bad.keras", "--format", "json")
    every = json.loads(capsys.readouterr().out)["findings"]
    code = every[0]["code"]
    check(files, "bad.keras", "--format", "json", "--select", f"{code}, A")
    only = json.loads(capsys.readouterr().out)["findings"]
    assert {one["code"][0] for one in only} <= {code[0], "A"}
    status = check(files, "bad.keras", "--format", "json", "--ignore", code)
    rest = json.loads(capsys.readouterr().out)["findings"]
    assert code not in {one["code"] for one in rest}
    serious = any(one["severity"] != "advice" for one in rest)
    assert status == (1 if serious else 0)


def test_workflow_commands_are_escaped(files, capsys):
    assert check(files, "bad.keras", "--format", "github") == 1
    line = capsys.readouterr().out.splitlines()[0]
    assert line.startswith("::error file=")
    head, _, message = line[2:].partition("::")
    assert "%0AFix%3A" not in message
    assert "%0AFix: " in message
    assert head.count(",title=") == 1


@pytest.mark.parametrize(
    "text, escaped",
    [("100%\r\na: b, c", "100%25%0D%0Aa%3A b%2C c")],
)
def test_a_property_holds_no_sign_of_a_command(text, escaped):
    assert command_line._property(text) == escaped


def test_a_page_is_written(files, tmp_path, capsys):
    path = tmp_path / "report.html"
    found = check(files, "bad.keras", "--format", "html", "--output", path)
    assert found == 1
    assert path.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("data", ["named.npz", "numbered.npz"])
def test_data_of_several_inputs(files, data, capsys):
    assert check(files, "two_inputs.keras", "--data", files / data) in (0, 1)
    assert capsys.readouterr().err == ""


def test_a_loss_of_one_s_own_leaves_the_layers(files, capsys):
    assert check(files, "own_loss.keras") in (0, 1)
    said = capsys.readouterr().err
    assert "loss and optimizer are not checked" in said


BAD_USE = {
    "a Lambda": (["lambda.keras"], "holds code, such as a Lambda layer"),
    "no file": (["absent.keras"], "is no file"),
    "no model": (["text.keras"], "is no .keras file"),
    "another format": (["fitting.npz"], "is no .keras file"),
    "weights of another model": (["unlike.keras"], "must match"),
    "a single array": (
        ["good.keras", "--data", "{}/single.npy"],
        "holds a single array",
    ),
    "an empty archive": (["empty.keras"], "cannot be loaded"),
    "no data": (["good.keras", "--data", "absent.npz"], "cannot be read"),
    "no arrays": (["good.keras", "--data", "{}/text.npz"], "cannot be read"),
    "objects": (["good.keras", "--data", "{}/objects.npz"], "objects are not"),
    "unknown arrays": (
        ["good.keras", "--data", "{}/odd.npz"],
        "Not known: ['targets']",
    ),
    "no x": (["good.keras", "--data", "{}/no_x.npz"], "There is no x"),
    "an unknown code": (["good.keras", "--select", "Q9"], "a code or its"),
    "a format": (["good.keras", "--format", "pdf"], "invalid choice"),
    "a number": (["good.keras", "--epochs", "many"], "invalid int"),
    "a folder that is not there": (
        ["good.keras", "--output", "{}/absent/report.txt"],
        "cannot be written",
    ),
}


@pytest.mark.parametrize("arguments, told", BAD_USE.values(), ids=BAD_USE)
def test_bad_use(files, arguments, told, capsys):
    rest = [text.format(files) for text in arguments[1:]]
    assert check(files, arguments[0], *rest) == 2
    captured = capsys.readouterr()
    assert told in captured.err
    assert captured.out == ""


@pytest.mark.parametrize("suffix", [".h5", ".zip", ".weights.h5", ".KERAS", ""])
def test_a_sound_model_in_a_file_of_another_kind_is_refused(
    files, tmp_path, suffix, capsys
):
    """By its name alone: Keras chooses by it how to load."""
    path = tmp_path / f"good{suffix}"
    path.write_bytes((files / "good.keras").read_bytes())
    assert check(tmp_path, path.name) == 2
    captured = capsys.readouterr()
    assert "is no .keras file" in captured.err
    assert captured.out == ""


def test_a_lambda_is_not_run(files, monkeypatch, capsys):
    monkeypatch.setattr(
        keras.layers.Lambda, "call", lambda *args, **kwargs: pytest.fail()
    )
    assert check(files, "lambda.keras") == 2


@pytest.mark.parametrize("arguments", [[], ["--help"], ["--version"]])
def test_what_is_printed_without_a_check(arguments, capsys):
    assert main(arguments) == (2 if not arguments else 0)


def test_a_check_that_fails_is_no_finding(files, monkeypatch, capsys):
    def broken(*args, **kwargs):
        raise RuntimeError("broken")

    monkeypatch.setattr(command_line, "check_model", broken)
    assert check(files, "good.keras") == 3
    assert "RuntimeError: broken" in capsys.readouterr().err


def test_the_process_ends_with_the_code(files):
    done = subprocess.run(
        [sys.executable, "-m", "keras_trainkit", "check", files / "bad.keras"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=files,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    assert "scores" in done.stdout

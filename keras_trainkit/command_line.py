"""The check from the shell: `ktk check model.keras`."""

import argparse
import sys
import traceback
import zipfile
from pathlib import Path

import keras
import numpy as np

from keras_trainkit.diagnostics.check_model import check_model
from keras_trainkit.version import __version__

CLEAN, FINDINGS, BAD_USE, FAILED = range(4)
FORMATS = ("text", "json", "github", "html")
# What GitHub calls a finding of each severity.
_COMMANDS = {"error": "error", "warning": "warning", "advice": "notice"}


class BadUse(Exception):
    """What was asked for cannot be done; the message says what to do."""


def main(argv=None):
    """Runs the command line.

    Args:
        argv: List of arguments. Defaults to those of the process.

    Returns:
        The exit code: 0 without an error or a warning, 1 with one, 2 for bad
        use, 3 where the check itself failed.
    """
    try:
        options = _parser().parse_args(argv)
    except SystemExit as left:
        return left.code
    try:
        report = _checked(options)
        _write(_rendered(report, options), options.output)
    except BadUse as error:
        print(f"ktk: {error}", file=sys.stderr)
        return BAD_USE
    except Exception:
        traceback.print_exc()
        return FAILED
    return CLEAN if report.ok else FINDINGS


def _parser():
    parser = argparse.ArgumentParser(
        prog="ktk",
        description="Names what keeps a Keras network from learning.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser(
        "check",
        help="check a saved model",
        description="Checks a saved model, and a sample of its data. Code "
        "inside the file is never run. Exit code 0: no error and no warning; "
        "1: some; 2: bad use; 3: the check itself failed.",
    )
    check.add_argument("model", help="a .keras file")
    check.add_argument(
        "--data",
        help="an .npz file with the arrays x and y (x_0, x_1, ... for several "
        "inputs, or their names; y_0, y_1, ... for several outputs)",
    )
    check.add_argument("--format", choices=FORMATS, default="text")
    check.add_argument("--output", help="file to write instead of printing")
    for name, told in (("select", "report only"), ("ignore", "leave out")):
        check.add_argument(
            f"--{name}",
            action="append",
            metavar="CODES",
            help=f"{told} these: codes or their beginnings, such as L101,A",
        )
    check.add_argument("--batch-size", type=int, help="that of fit")
    check.add_argument("--epochs", type=int, help="those of fit")
    return parser


def _checked(options):
    model = _load(options.model)
    x, y = _data(options.data, model) if options.data else (None, None)
    try:
        return check_model(
            model,
            x,
            y,
            batch_size=options.batch_size,
            epochs=options.epochs,
            select=_codes(options.select),
            ignore=_codes(options.ignore),
        )
    except (ValueError, TypeError) as error:
        # Arguments that do not fit the model or each other.
        raise BadUse(str(error)) from error


def _codes(given):
    if given is None:
        return None
    return [code.strip() for text in given for code in text.split(",")]


def _load(name):
    path = Path(name)
    if not path.is_file():
        raise BadUse(f"{name} is no file.")
    # Older formats know no safe mode.
    if path.suffix != ".keras" or not zipfile.is_zipfile(path):
        raise BadUse(
            f"{name} is no .keras file. Save the model by "
            'model.save("model.keras").'
        )
    try:
        return _load_safely(path)
    except (ValueError, TypeError, OSError, KeyError) as error:
        raise BadUse(_why_not_loaded(name, error)) from error


def _load_safely(path):
    try:
        return keras.saving.load_model(path, safe_mode=True)
    except (ValueError, TypeError) as error:
        if _is_unsafe(error):
            raise
        # A loss or metric of one's own is in no file; the layers are.
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
        print(
            "ktk: what the model is compiled with cannot be loaded "
            f"({_reason(error)}); "
            "loss and optimizer are not checked.",
            file=sys.stderr,
        )
        return model


def _is_unsafe(error):
    return "safe_mode" in str(error) or "unsafe" in str(error)


def _why_not_loaded(name, error):
    if _is_unsafe(error):
        return (
            f"{name} holds code, such as a Lambda layer, that would run while "
            "it is loaded. It is not run. Replace it by a layer of a "
            "registered class, or check the model in Python, where you built "
            "it: keras_trainkit.diagnostics.check_model(model)."
        )
    return (
        f"{name} cannot be loaded: {_reason(error)}. A model with layers of "
        "your own is checked in Python: "
        "keras_trainkit.diagnostics.check_model(model)."
    )


def _reason(error):
    """Returns the first sentence of an error, with what a colon leads to."""
    lines = [one.strip() for one in str(error).splitlines() if one.strip()]
    lines = lines or [type(error).__name__]
    some = lines[:2] if lines[0].endswith(":") else lines[:1]
    return " ".join(some).strip("'\"").rstrip(".")


def _data(name, model):
    try:
        with np.load(name, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
    except TypeError as error:
        raise BadUse(
            f"{name} holds a single array. Write an archive by "
            "np.savez(path, x=x, y=y)."
        ) from error
    except (OSError, ValueError, AttributeError, zipfile.BadZipFile) as error:
        raise BadUse(
            f"{name} cannot be read: {error}. Write it by "
            "np.savez(path, x=x, y=y); arrays of objects are not read."
        ) from error
    inputs = [one.name for one in getattr(model, "inputs", None) or []]
    y, x = _taken("y", arrays), _taken("x", arrays)
    if x is None and inputs and all(key in arrays for key in inputs):
        x = {key: arrays.pop(key) for key in inputs}
    if x is None or arrays:
        raise BadUse(
            f"{name} must hold x and y (or x_0, x_1, ..., or the inputs "
            f"{inputs}). "
            + (f"Not known: {sorted(arrays)}." if arrays else "There is no x.")
        )
    return x, y


def _taken(name, arrays):
    """Takes `name`, or `name_0`, `name_1` and so on as a list, or `None`."""
    if name in arrays:
        return arrays.pop(name)
    several = []
    while f"{name}_{len(several)}" in arrays:
        several.append(arrays.pop(f"{name}_{len(several)}"))
    return several or None


def _rendered(report, options):
    if options.format == "json":
        return report.to_json()
    if options.format == "github":
        return _workflow_commands(report, options.model)
    if options.format == "html":
        try:
            return report.to_html()
        except ImportError as error:
            raise BadUse(str(error)) from error
    return str(report)


def _workflow_commands(report, path):
    """Returns one annotation of GitHub Actions for each finding."""
    return "\n".join(
        f"::{_COMMANDS[one.severity]} file={_property(path)},"
        f"title={_property(f'{one.code} {one.topic} {one.where}'.strip())}::"
        + _escaped(f"{one.message}\nFix: {one.fix}")
        for one in report.findings
    )


def _escaped(text):
    for sign, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A")):
        text = text.replace(sign, code)
    return text


def _property(text):
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def _write(text, path):
    if path is None:
        print(text)
        return
    try:
        Path(path).write_text(f"{text}\n", "utf-8")
    except OSError as error:
        raise BadUse(f"{path} cannot be written: {error}.") from error

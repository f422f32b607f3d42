"""Which calls an exception came through, and what they were called with."""

import dataclasses
import inspect
import linecache
import traceback

# The function that Keras puts around `fit`, `Layer.__call__` and `call`. It
# drops Keras's own frames from a traceback and stays itself, with what it was
# called with: keras/src/utils/traceback_utils.py
_HANDLER_MODULE = "keras.src.utils.traceback_utils"
_HANDLER = "error_handler"
# Since Keras 3.16 there is none around `call`; who calls it is still in what
# the error was raised from: keras/src/ops/operation.py
_CALLER_MODULE = "keras.src.ops.operation"
_CALLER = "__call__"

# What stands for an unknown batch size while torch infers a shape:
# `compute_output_spec`, keras/src/backend/torch/core.py
STAND_IN_BATCH = 83


@dataclasses.dataclass(frozen=True)
class FailedCall:
    """A call that an exception left.

    Attributes:
        owner: The model, layer, loss or metric whose method it was, or None.
        method: The method's name, such as `"fit"` or `"__call__"`.
        arguments: Dict of the arguments' names to their values; `owner` is
            left out.
    """

    owner: object
    method: str
    arguments: dict


@dataclasses.dataclass(frozen=True)
class FailedLine:
    """A line of code, none of Keras or a backend, that an exception left.

    Attributes:
        function: Name of the function the line is in.
        number: The line's number in its file.
        source: Its text, or `""` where that is not known.
        values: Dict of the local variables.
        is_inside: Whether it was called by Keras or a backend.
    """

    function: str
    number: int
    source: str
    values: dict
    is_inside: bool


def failed_calls(error):
    """Returns the calls of Keras that `error` came through, outermost first.

    Keras raises an error anew, with a longer message or fewer frames; what
    it was raised from still has the inner calls.
    """
    found = []
    for frame, _ in _frames(error):
        place = frame.f_globals.get("__name__"), frame.f_code.co_name
        if place == (_HANDLER_MODULE, _HANDLER):
            call = _call(frame.f_locals)
        elif place == (_CALLER_MODULE, _CALLER):
            values = frame.f_locals
            call = _call({**values, "fn": values["self"].call})
        else:
            continue
        if call is not None and not any(_same(call, old) for old in found):
            found.append(call)
    return found


def failed_lines(error):
    """Returns the lines of the user's code, outermost first."""
    found, is_inside = {}, False
    for frame, number in _frames(error):
        if _is_library(frame.f_globals.get("__name__", "")):
            is_inside = True
            continue
        code = frame.f_code
        source = linecache.getline(code.co_filename, number).strip()
        line = FailedLine(
            code.co_name, number, source, dict(frame.f_locals), is_inside
        )
        found.setdefault((code.co_filename, number, code.co_name), line)
    return list(found.values())


def came_through_keras(error):
    """Whether a function of Keras is among those that `error` left."""
    modules = (f.f_globals.get("__name__", "") for f, _ in _frames(error))
    return any(module.split(".")[0] == "keras" for module in modules)


def _frames(error):
    """Yields frames and line numbers, of `error` and what it came from."""
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield from traceback.walk_tb(error.__traceback__)
        error = error.__cause__ or error.__context__


def _call(values):
    function, args = values.get("fn"), values.get("args", ())
    if not callable(function):
        return None
    bound = getattr(function, "__self__", None)
    owner, rest = (bound, args) if bound is not None else _split(args)
    try:
        signature = inspect.signature(function)
        everything = args if bound is not None else (owner, *rest)
        arguments = signature.bind(*everything, **values.get("kwargs", {}))
    except (TypeError, ValueError):
        # What was called with the wrong arguments has no binding.
        return FailedCall(owner, function.__name__, {})
    named = dict(arguments.arguments)
    if bound is None:
        named.pop(next(iter(named), None), None)
    return FailedCall(owner, function.__name__, named)


def _split(args):
    return (args[0], args[1:]) if args else (None, ())


def _same(call, old):
    return call.owner is old.owner and call.method == old.method


def _is_library(module):
    own = ("keras", "tensorflow", "jax", "jaxlib", "torch", "numpy", "optree")
    return module.split(".")[0] in (*own, "keras_trainkit")

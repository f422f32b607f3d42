"""Which sections a public docstring needs, read from the code it describes."""

import ast
import importlib
import inspect
import pkgutil
import textwrap

import keras_trainkit


def exported():
    """Returns `{dotted name: thing}` of all that the subpackages export."""
    found = {}
    for module in pkgutil.iter_modules(keras_trainkit.__path__):
        if module.ispkg:
            package = importlib.import_module(f"keras_trainkit.{module.name}")
            found |= _public(module.name, package)
    return found


def _public(prefix, package):
    found = {}
    for name in package.__all__:
        thing, dotted = getattr(package, name), f"{prefix}.{name}"
        # A subpackage that is exported is a namespace for more.
        inner = inspect.ismodule(thing)
        found |= _public(dotted, thing) if inner else {dotted: thing}
    return found


def missing_sections(thing):
    """Returns the sections that the docstring of `thing` should have."""
    doc = inspect.getdoc(thing) if thing.__doc__ else ""
    if not doc:
        return ["a docstring"]
    return [s for s in needed_sections(thing) if f"{s}:" not in doc]


def needed_sections(thing):
    """Returns the sections that apply to a public class or function."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(thing))).body[0]
    function = tree
    if inspect.isclass(thing):
        function = _constructor(tree)
    needed = ["Example"]
    if function is None:
        return needed
    if _parameters(function):
        needed.append("Args")
    if not inspect.isclass(thing) and _returns(function):
        needed.append("Returns")
    if _raises(function):
        needed.append("Raises")
    return needed


def _constructor(tree):
    named = [n for n in tree.body if getattr(n, "name", "") == "__init__"]
    return named[0] if named else None


def _parameters(function):
    """Returns the parameters a caller has to know of: no self, no **kwargs."""
    every = function.args
    names = [a.arg for a in every.posonlyargs + every.args + every.kwonlyargs]
    return [name for name in names if name not in ("self", "cls")]


def _returns(function):
    returns = [n for n in _own(function) if isinstance(n, ast.Return)]
    yields = [n for n in _own(function) if isinstance(n, ast.Yield)]
    return yields or [n for n in returns if n.value is not None]


def _raises(function):
    calls = [
        ast.unparse(n.func) for n in _own(function) if isinstance(n, ast.Call)
    ]
    return "require_number" in calls or any(
        isinstance(n, ast.Raise) for n in _own(function)
    )


def _own(function):
    """Walks a function without the functions defined inside it."""
    todo = list(function.body)
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.Lambda)):
            todo += ast.iter_child_nodes(node)

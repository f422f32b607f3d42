"""The package's public names, read from its source text without importing it.

An import of Keras needs a backend, which takes longer to install than the whole
site takes to build.
"""

import ast
import dataclasses
import functools
import re
from pathlib import Path

from links import ROOT

PACKAGE = "keras_trainkit"
# Methods that Keras calls. What they do is said by the class.
HOOKS = ("on_", "set_model", "build", "call", "compute_", "get_config")
HOOKS += ("from_config", "get_build_config")


@dataclasses.dataclass(frozen=True)
class Public:
    """A public class or function: where one finds it, and its definition."""

    name: str
    module: str
    node: ast.AST

    @property
    def is_class(self):
        """Whether it is a class, and no function."""
        return isinstance(self.node, ast.ClassDef)

    @property
    def docstring(self):
        """Its docstring, without the indentation."""
        return ast.get_docstring(self.node) or ""

    @property
    def path(self):
        """The path of its file in the repository."""
        return _file(self.module).relative_to(ROOT).as_posix()

    def signature(self):
        """Returns its arguments in parentheses, as a caller passes them."""
        if not self.is_class:
            return arguments(self.node)
        for module, node in lineage(self.module, self.node):
            made = [n for n in node.body if _is_named(n, "__init__")]
            if made:
                return arguments(made[0])
            if _is_dataclass(node):
                return _fields(module, node)
        return "()"

    def methods(self):
        """Returns methods and properties for readers, by name.

        Those of its own that have a docstring; of those that it inherits or
        overrides, as the package's engines ask, those that a page speaks of.
        """
        if not self.is_class:
            return {}
        own, *bases = [n for _, n in lineage(self.module, self.node)]
        inherited = {n.name: n for b in bases[::-1] for n in _methods(b)}
        methods = {n.name: n for n in _methods(own)}
        return {
            name: node
            for name, node in (inherited | methods).items()
            if name not in inherited or _is_spoken_of(name)
        }


def public_names():
    """Returns `{"callbacks.OneCycle": Public}` in the order of `__all__`."""
    return _public(PACKAGE)


def _public(package):
    tree, found = _tree(package), {}
    prefix = package.removeprefix(PACKAGE).lstrip(".")
    imported = _imports(tree)
    for name in _all(tree):
        if name == "__version__":
            continue
        module, original = imported[name]
        if (ROOT / (module + "." + original).replace(".", "/")).is_dir():
            found |= _public(f"{module}.{original}")
            continue
        dotted = f"{prefix}.{name}"
        found[dotted] = Public(dotted, *_definition(module, original))
    return found


def summary_of(package):
    """Returns the docstring of a subpackage such as `"callbacks"`."""
    return ast.get_docstring(_tree(f"{PACKAGE}.{package}"))


def arguments(function):
    """Returns the arguments of a function without `self`, in parentheses."""
    every = ast.parse(ast.unparse(function)).body[0].args
    if every.args and every.args[0].arg in ("self", "cls"):
        every.args.pop(0)
    return f"({ast.unparse(every)})"


def lineage(module, node):
    """Yields a class and its bases inside the package, nearest first."""
    yield module, node
    for base in node.bases:
        known = _imports(_tree(module)) | _defined(module)
        if isinstance(base, ast.Name) and base.id in known:
            where, name = known[base.id]
            if where.startswith(PACKAGE):
                yield from lineage(*_definition(where, name))


def _definition(module, name):
    """Returns the module that defines a name, and the definition."""
    tree = _tree(module)
    for node in tree.body:
        if _is_named(node, name):
            return module, node
    return _definition(*_imports(tree)[name])


def _defined(module):
    classes = [n for n in _tree(module).body if isinstance(n, ast.ClassDef)]
    return {node.name: (module, node.name) for node in classes}


def _imports(tree):
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def _all(tree):
    for node in tree.body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "__all__":
            return ast.literal_eval(node.value)
    return []


def _fields(module, node):
    """Returns the constructor's arguments of a dataclass."""
    fields = []
    for _, base in reversed(list(lineage(module, node))):
        fields += [n for n in base.body if isinstance(n, ast.AnnAssign)]
    shown = [
        f.target.id + (f"={_default(f)}" if f.value else "") for f in fields
    ]
    return f"({', '.join(shown)})"


def _default(field):
    """Returns a field's default; `...` where a call of `field` makes it."""
    made = isinstance(field.value, ast.Call)
    return "..." if made else ast.unparse(field.value)


def _is_dataclass(node):
    return any("dataclass" in ast.unparse(d) for d in node.decorator_list)


def _is_named(node, name):
    return getattr(node, "name", None) == name


def _methods(node):
    """Returns the methods of a class that are not called by Keras alone."""
    return [
        one
        for one in node.body
        if isinstance(one, ast.FunctionDef)
        and not one.name.startswith(("_", *HOOKS))
        and ast.get_docstring(one) is not None
    ]


def _is_spoken_of(method):
    return re.search(rf"\.{method}\b", _guide()) is not None


@functools.cache
def _guide():
    pages = sorted((ROOT / "docs").glob("*.md"))
    return "".join(path.read_text("utf-8") for path in pages)


def _file(module):
    path = ROOT / Path(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@functools.cache
def _tree(module):
    return ast.parse(_file(module).read_text("utf-8"))

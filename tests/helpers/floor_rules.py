"""The house's rules, checked on source text: see DESIGN in CONTRIBUTING.md."""

import ast
import re

FLOORS = {
    "kernels": 0,
    "backend": 1,
    "models": 2,
    "plots": 2,
    "layers": 3,
    "activations": 3,
    "constraints": 3,
    "initializers": 3,
    "schedules": 3,
    "scheduling": 4,
    "sampling": 4,
    "probing": 4,
    "uncertainty": 5,
    "diagnostics": 5,
    "batch_norm": 5,
    "compression": 5,
    "optimizers": 5,
    "callbacks": 6,
    "tuning": 7,
    "pretraining": 7,
    # Its recipes search for a learning rate.
    "transfer": 8,
}

PACKAGE = "keras_trainkit"
BACKENDS = {"tensorflow", "jax", "jaxlib", "torch", "tf_keras"}
OPTIONAL = {"jinja2", "markupsafe", "matplotlib", "optuna", "sklearn"}
ASKS_BACKEND = {
    "keras.backend.backend",
    "keras.config.backend",
    "keras.config.set_backend",
}


def violations(path, source, modules=()):
    """Returns what `source` does against the rules, one sentence each.

    Args:
        path: The file's path below the package, such as `"layers/rrelu.py"`.
        source: Its text.
        modules: Dotted names of all modules of the package: they tell
            `from keras_trainkit.layers import rrelu`, a module, from a name.
    """
    tree = ast.parse(source)
    imports = imported(tree, modules)
    found = [
        *_asserts(tree),
        *_optional(tree, modules),
        *(_against_floors(path, name) for name in imports),
    ]
    if folder(path) != "backend":
        found += [_against_backend(name) for name in imports]
        found += _asks_backend(tree)
        found += _privates(tree)
        found += _privates_in_strings(tree)
    if path.endswith("__init__.py"):
        found += _init(tree)
    return [f"{path}: {sentence}" for sentence in found if sentence]


def folder(path):
    """Returns the subpackage that the file at `path` lies in, or `""`."""
    return path.split("/")[0] if "/" in path else ""


def imported(tree, modules=()):
    """Returns the dotted names that a tree imports, in functions too."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [_target(node, alias, modules) for alias in node.names]
    return list(dict.fromkeys(names))


def _target(node, alias, modules):
    if node.level:
        return "." * node.level + (node.module or "")
    full = f"{node.module}.{alias.name}"
    ours = node.module.split(".")[0] == PACKAGE
    return node.module if ours and full not in modules else full


def _against_floors(path, name):
    if name.startswith("."):
        return f"imports relatively, {name}"
    if name.split(".")[0] != PACKAGE or not folder(path):
        return None
    theirs = (name.split(".") + [""])[1]
    if theirs not in FLOORS:
        return f"imports {name}, which lies on no floor"
    if theirs == folder(path):
        return None
    if FLOORS[theirs] < FLOORS[folder(path)]:
        return None
    return f"imports {name} from its own floor or above"


def _against_backend(name):
    if name.split(".")[0] in BACKENDS or name.startswith("keras.src"):
        return f"imports {name}, as only backend/ may"
    return None


def _asks_backend(tree):
    dotted = [n for n in ast.walk(tree) if isinstance(n, ast.Attribute)]
    names = {ast.unparse(n) for n in dotted}
    names |= {n for n in imported(tree) if n.startswith("keras.")}
    asked = sorted(names & ASKS_BACKEND)
    return [f"asks {name}, as only backend/ may" for name in asked]


def _privates(tree):
    """A private of a thing that is not the class's own may be Keras's."""
    found = {
        ast.unparse(node): node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
        and ast.unparse(node.value) not in ("self", "cls", "super()")
    }
    return [
        f"touches {name} in line {line}, as only backend/ may"
        for name, line in found.items()
    ]


def _privates_in_strings(tree):
    """`getattr(layer, "_dropout_mask")` is a private, too."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented)
        and node.body
        and _is_docstring(node.body[0])
    }
    return [
        f"names {node.value!r} in line {node.lineno}, as only backend/ may"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
        and _names_a_private(node.value)
    ]


def _names_a_private(text):
    private = re.fullmatch(r"_[a-z]\w*", text)
    ours = text.startswith(f"_{PACKAGE}")
    return "keras.src" in text or bool(private and not ours)


def _asserts(tree):
    lines = [n.lineno for n in ast.walk(tree) if isinstance(n, ast.Assert)]
    return [f"asserts in line {line}; raise an error" for line in lines]


def _optional(tree, modules):
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.Lambda))
        for node in ast.walk(function)
    }
    outside = [
        node
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        and id(node) not in inside
    ]
    names = imported(ast.Module(body=outside, type_ignores=[]), modules)
    return [
        f"imports {name} at module level; import it where it is used"
        for name in names
        if name.split(".")[0] in OPTIONAL
    ]


def _init(tree):
    """An `__init__.py` re-exports: docstring, imports, `__all__`, no more."""
    names, exported = [], None
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            names += [alias.asname or alias.name for alias in node.names]
        elif ast.unparse(node).startswith("__all__ ="):
            exported = _strings(node.value)
        elif not _is_docstring(node):
            yield f"does more than re-export in line {node.lineno}"
    if exported is None:
        yield "has no explicit __all__"
    elif set(exported) != set(names):
        odd = sorted(set(exported) ^ set(names), key=str)
        yield f"__all__ and the imports differ in {odd}"


def _strings(node):
    """Returns the elements of a literal list of strings, or None."""
    if not isinstance(node, (ast.List, ast.Tuple)):
        return None
    return [getattr(element, "value", None) for element in node.elts]


def _is_docstring(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def circle(sources):
    """Returns a circle of imports among `{path: source}`, or `[]`.

    Only circles within one folder can be: the floors rule out the others.
    """
    modules = {module_name(path): path for path in sources}
    edges = {
        name: [
            other
            for other in imported(ast.parse(sources[path]), modules)
            if other in modules and folder(path)
        ]
        for name, path in modules.items()
    }
    done = set()
    for name in edges:
        found = _walk(name, edges, (), done)
        if found:
            return found
    return []


def _walk(name, edges, above, done):
    if name in above:
        return [*above[above.index(name) :], name]
    if name in done:
        return []
    for other in edges[name]:
        found = _walk(other, edges, (*above, name), done)
        if found:
            return found
    done.add(name)
    return []


def module_name(path):
    """Returns the dotted name of the module at `path` below the package."""
    name = path.removesuffix(".py").replace("/", ".")
    return f"{PACKAGE}.{name}".removesuffix(".__init__")

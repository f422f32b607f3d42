"""What the package says it will remove, read from its source text."""

import ast

from keras_trainkit.kernels.deprecation.notice import minor_version

MAKERS = {
    "deprecated",
    "renamed_function",
    "renamed_class",
    "renamed_argument",
    "RenamedAttribute",
}


def removals(path, source):
    """Returns `[(place, version or None)]` of all old names in a module.

    The version is `None` where it is not written there as a string.
    """
    return [
        (f"{path}:{node.lineno}", _removed_in(node))
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and _name(node.func) in MAKERS
    ]


def overdue(found, version):
    """Returns those places whose old name must not be in `version` any more.

    A place whose version cannot be read is one of them.
    """
    now = minor_version("version", version)
    return [
        place
        for place, removed_in in found
        if removed_in is None or now >= minor_version("removed_in", removed_in)
    ]


def _name(function):
    return ast.unparse(function).rpartition(".")[2]


def _removed_in(call):
    for keyword in call.keywords:
        if keyword.arg == "removed_in":
            return getattr(keyword.value, "value", None)
    return None

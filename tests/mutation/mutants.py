"""The mutants of the pure and the scheduling code, as cosmic-ray makes them.

At each place of the source one mutant is taken by a seeded draw: the eleven
other operators for one `+` would weigh ten times as much as one comparison.
"""

import dataclasses
import random
from pathlib import Path

import cosmic_ray.mutating
import cosmic_ray.plugins
from cosmic_ray.ast import ast_nodes
from cosmic_ray.ast import get_ast

ROOT = Path(__file__).parents[2]
FOLDERS = ("kernels", "scheduling", "sampling")

# Identity and equality are the same for None, True, False and small integers;
# the linter keeps them apart.
NOT_ASKED = (
    "ReplaceComparisonOperator_Is_Eq",
    "ReplaceComparisonOperator_IsNot_NotEq",
    "ReplaceComparisonOperator_Eq_Is",
    "ReplaceComparisonOperator_NotEq_IsNot",
    "NoOp",
)


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One change in one module.

    Attributes:
        path: The module's path below the package.
        operator: cosmic-ray's name of the change.
        occurrence: Which of the places in the module that it fits.
        place: `(line, column)`.
        line: The source line, stripped: it identifies the mutant when others
            move it.
    """

    path: str
    operator: str
    occurrence: int
    place: tuple
    line: str

    @property
    def name(self):
        """Returns what the list of explained survivors calls it."""
        return f"{self.path} | {self.operator} | {self.line}"

    def source(self):
        """Returns the module's text with the change."""
        text = module_file(self.path).read_text("utf-8")
        return cosmic_ray.mutating.mutate_code(
            text, _operator(self.operator), self.occurrence
        )


def module_file(path):
    """Returns the file of a module, from its path below the package."""
    return ROOT / "keras_trainkit" / path


def drawn(seed, count=None):
    """Returns mutants in a random order: one for each place of the source.

    Args:
        seed: Of the draw and of the order.
        count: How many, of all.
    """
    draw = random.Random(seed)
    one_each = [draw.choice(found) for found in _by_place().values()]
    draw.shuffle(one_each)
    return one_each[:count]


def _by_place():
    found = {}
    for folder in FOLDERS:
        for file in sorted(module_file(folder).rglob("*.py")):
            for mutant in _of_module(file):
                kind = mutant.operator.split("_")[0]
                key = (mutant.path, kind, mutant.place)
                found.setdefault(key, []).append(mutant)
    return found


def _of_module(file):
    text = file.read_text("utf-8")
    lines = text.splitlines()
    nodes = list(ast_nodes(get_ast(text)))
    path = file.relative_to(module_file("")).as_posix()
    for name in _operator_names():
        operator = _operator(name)
        places = (
            start for node in nodes for start, _ in _places(operator, node)
        )
        for occurrence, place in enumerate(places):
            line = lines[place[0] - 1].strip()
            yield Mutant(path, name, occurrence, place, line)


def _places(operator, node):
    return operator.mutation_positions(node)


def _operator_names():
    names = sorted(n.split("/")[1] for n in cosmic_ray.plugins.operator_names())
    return [
        name
        for name in names
        if name not in NOT_ASKED
        and not cosmic_ray.plugins.get_operator(f"core/{name}").arguments()
    ]


def _operator(name):
    return cosmic_ray.plugins.get_operator(f"core/{name}")()

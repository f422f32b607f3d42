"""Faulty programs that people asked about in public, and their repair.

Each is written anew in Keras 3 with data of the same nature, smaller where
that changes nothing. `source` is where it was asked, `fix` what was answered,
as far as an answer was found.
"""

import functools

from tests.corpus.real_programs import binary
from tests.corpus.real_programs import images
from tests.corpus.real_programs import lines
from tests.corpus.real_programs import logic
from tests.corpus.real_programs import multi_class
from tests.corpus.real_programs import regression
from tests.corpus.real_programs import sequences

_MODULES = (logic, lines, regression, binary, multi_class, images, sequences)
_ALL = {
    name: build
    for module in _MODULES
    for name, build in module.PROGRAMS.items()
}

PROGRAMS = {
    name: functools.partial(build, fixed=False) for name, build in _ALL.items()
}
"""`{name: function that returns the Program as it was asked about}`."""

REPAIRED = {
    name: functools.partial(build, fixed=True) for name, build in _ALL.items()
}
"""`{name: function that returns the Program with the answer's fix}`."""

__all__ = ["PROGRAMS", "REPAIRED"]

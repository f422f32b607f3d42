"""Programs with faults planted by those who wrote the rules.

`planted_faults` are those of somebody who had not seen them.
"""

from tests.corpus.known_faults import activation
from tests.corpus.known_faults import initialization
from tests.corpus.known_faults import normalization
from tests.corpus.known_faults import outputs
from tests.corpus.known_faults import pairs
from tests.corpus.known_faults import regularization

_MODULES = (
    initialization,
    activation,
    normalization,
    regularization,
    outputs,
    pairs,
)
PROGRAMS = {
    name: build
    for module in _MODULES
    for name, build in module.PROGRAMS.items()
}
"""`{name: function that returns a Program}`."""

FAMILIES = {
    name: module.__name__.rpartition(".")[2]
    for module in _MODULES
    for name in module.PROGRAMS
}
"""`{name: its family}`."""

__all__ = ["FAMILIES", "PROGRAMS"]

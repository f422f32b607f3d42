"""Programs with one or two mistakes each, as people make them."""

from tests.corpus.planted_faults import activation
from tests.corpus.planted_faults import activation_output
from tests.corpus.planted_faults import architecture
from tests.corpus.planted_faults import data
from tests.corpus.planted_faults import initialization
from tests.corpus.planted_faults import labels
from tests.corpus.planted_faults import labels_shape
from tests.corpus.planted_faults import loss
from tests.corpus.planted_faults import loss_binary
from tests.corpus.planted_faults import normalization
from tests.corpus.planted_faults import optimizer
from tests.corpus.planted_faults import pairs
from tests.corpus.planted_faults import pairs_of_scale
from tests.corpus.planted_faults import preprocessing
from tests.corpus.planted_faults import regularization
from tests.corpus.planted_faults import updates

_MODULES = (
    initialization,
    activation,
    activation_output,
    normalization,
    loss,
    loss_binary,
    labels,
    labels_shape,
    regularization,
    optimizer,
    updates,
    preprocessing,
    data,
    architecture,
    pairs,
    pairs_of_scale,
)

PROGRAMS = {
    name: build
    for module in _MODULES
    for name, build in module.PROGRAMS.items()
}
"""`{name: function that returns a Program}`."""

FAMILIES = {
    name: module.__name__.rpartition(".")[2].partition("_")[0]
    for module in _MODULES
    for name in module.PROGRAMS
}
"""`{name: the family that its module stands for}`."""

__all__ = ["FAMILIES", "PROGRAMS"]

"""Programs without a fault, as careful people write them."""

from tests.corpus.sound_models import applications
from tests.corpus.sound_models import dense
from tests.corpus.sound_models import generative
from tests.corpus.sound_models import series
from tests.corpus.sound_models import small
from tests.corpus.sound_models import tabular
from tests.corpus.sound_models import tabular_inputs
from tests.corpus.sound_models import text
from tests.corpus.sound_models import unusual
from tests.corpus.sound_models import vision
from tests.corpus.sound_models import vision_blocks

_MODULES = (
    small,
    dense,
    vision,
    vision_blocks,
    generative,
    text,
    series,
    tabular,
    tabular_inputs,
    applications,
    unusual,
)

PROGRAMS = {
    name: build
    for module in _MODULES
    for name, build in module.PROGRAMS.items()
}
"""`{name: function that returns a Program}`."""

__all__ = ["PROGRAMS"]

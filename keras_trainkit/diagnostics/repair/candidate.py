"""Something to try on a model."""

import dataclasses

from keras_trainkit.diagnostics.repair.apply_repairs import contradict
from keras_trainkit.diagnostics.repair.apply_repairs import together


@dataclasses.dataclass(frozen=True)
class Candidate:
    """Something to try.

    Attributes:
        name: What it is, in a few words.
        repairs: Tuple of `Repair`s.
        sound: Whether it is part of what works for most networks.
    """

    name: str
    repairs: tuple
    sound: bool = False

    def also(self, other):
        """Returns this one and another, or `None` if they contradict."""
        if contradict(self.repairs, other.repairs):
            return None
        repairs = together(self.repairs, other.repairs)
        return Candidate(f"{self.name} + {other.name}", repairs)

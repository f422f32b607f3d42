"""What a program of the corpus is: a model, its data, how it is trained."""

import dataclasses
from typing import Any

TOPICS = (
    "activation",
    "loss",
    "learning_rate",
    "optimizer",
    "epochs",
    "batch_size",
    "initialization",
    "preprocessing",
    "architecture",
    "normalization",
    "regularization",
    "data",
    "numerics",
)


@dataclasses.dataclass(frozen=True)
class Fault:
    """One mistake in a program.

    Args:
        topics: Every topic that is an honest name for the mistake.
        where: Name of the layer that carries it; empty if it is in no layer.
        sentence: What is wrong, in a sentence.
        mild: Whether it costs little, so that a piece of advice is enough.
    """

    topics: tuple
    where: str
    sentence: str
    mild: bool = False

    def __post_init__(self):
        unknown = set(self.topics) - set(TOPICS)
        if unknown or not self.topics:
            raise ValueError(f"Expected topics of {TOPICS}. Got {self.topics}.")


@dataclasses.dataclass(frozen=True)
class Program:
    """A model and the arguments of its `fit`.

    Args:
        model: A Keras model, compiled unless only its graph matters.
        x, y: The arrays of `fit`, or None where the model is looked at alone.
        batch_size, epochs: As for `fit`.
        validation_data: A pair of held-out arrays, or None.
        faults: The planted mistakes; none in a sound program.
        shuffle: As for `fit`.
        trains: False where `fit` stops with an error on some backend.
        task: "classes", "labels" (several yes/no at once), "regression", or
            empty: how a prediction is compared with the held-out targets.
        source: Address of the public question, for a rebuilt program.
        fix: What solved it there, in a sentence; after "Unanswered:", what
            solves it here.
    """

    model: Any
    x: Any = None
    y: Any = None
    batch_size: int | None = 32
    epochs: int | None = None
    validation_data: Any = None
    faults: tuple = ()
    shuffle: bool = True
    trains: bool = True
    task: str = ""
    source: str = ""
    fix: str = ""

    @property
    def topics(self):
        """All topics under which a finding names one of the faults."""
        return tuple({t: None for fault in self.faults for t in fault.topics})

    @property
    def where(self):
        """Layer of the first fault; empty where it is in no layer."""
        return self.faults[0].where if self.faults else ""

    @property
    def fault(self):
        """The mistakes, told in one string."""
        return " ".join(fault.sentence for fault in self.faults)

    @property
    def is_pair(self):
        """Whether two or more mistakes were planted together."""
        return len(self.faults) > 1

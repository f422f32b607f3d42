"""What a reader of a message makes of it."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Reading:
    """What an error means, and the nearest repair.

    Attributes:
        what: What met what, with the layers and numbers.
        repair: What to change, as near to the cause as can be seen.
        sizes: The sizes that do not fit, where only they say which layers are
            meant.
    """

    what: str
    repair: str
    sizes: tuple = ()


def quoted(layer):
    """Returns a layer's name in quotes and its class."""
    return f"{layer.name!r} ({type(layer).__name__})"


def input_line(shape):
    """Returns the line that makes an input for rows of a shape."""
    return f"keras.Input({tuple(shape[1:])})"

"""Multiples of the learning rate from the stem of a network to its head."""


def geometric(lowest, highest, count):
    """Returns `count` numbers with a constant ratio, both ends included.

    Args:
        lowest: Float above 0, the first; alone it is `highest`.
        highest: Float above 0, the last.
        count: Integer of at least 1.
    """
    if count == 1:
        return [highest]
    ratio = highest / lowest
    return [lowest * ratio ** (i / (count - 1)) for i in range(count)]


def decayed(decay, count):
    """Returns `decay ** (count - 1 - i)` for i from 0: the last is 1."""
    return [decay ** (count - 1 - i) for i in range(count)]

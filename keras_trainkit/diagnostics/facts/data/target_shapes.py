"""How Keras's losses fit the shape of targets to that of outputs."""


def outcome(output, target):
    """Returns what becomes of two shapes in a loss that subtracts.

    An axis of size 1 in the end is added or dropped where the numbers of axes
    differ by one: `squeeze_or_expand_to_same_rank`, keras/src/losses/loss.py.

    Args:
        output: Shape of the outputs, `None` for sizes that are not known.
        target: Shape of the targets.

    Returns:
        `"same"`, `"repeated"` where sizes of 1 are spread over larger ones, or
        `"unlike"` where nothing fits.
    """
    output, target = list(output[1:]), list(target[1:])
    if len(output) == len(target) + 1 and output[-1] == 1:
        output = output[:-1]
    elif len(target) == len(output) + 1 and target[-1] == 1:
        target = target[:-1]
    if len(output) != len(target):
        return "unlike"
    pairs = list(zip(output, target, strict=True))
    if all(a == b or a is None for a, b in pairs):
        return "same"
    fits = all(a == b or a is None or 1 in (a, b) for a, b in pairs)
    return "repeated" if fits else "unlike"

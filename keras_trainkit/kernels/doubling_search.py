"""The largest integer that is accepted, by doubling and then bisection."""


def largest_accepted(accepts, least, most, precision=0.0):
    """Returns the largest integer known to be accepted, or `None`.

    Doubles from `least` until one is refused or `most` is accepted, then
    halves the gap between the largest that was accepted and the smallest that
    was refused, until that gap is 1 or `precision` of the former. What is
    accepted is taken to be everything up to a limit.

    Args:
        accepts: Callable `integer -> bool`, asked once for each integer.
        least: Integer of at least 1, where to begin.
        most: Integer of at least `least`, which is never exceeded.
        precision: Float of at least 0, the share of the result by which the
            limit may be larger. Defaults to `0.0`: exact.

    Returns:
        Integer, or `None` where `least` was refused.
    """
    accepted, asked = None, least
    while accepts(asked):
        accepted = asked
        if asked == most:
            return accepted
        asked = min(2 * asked, most)
    refused = asked
    while accepted is not None and _gap_is_wide(accepted, refused, precision):
        asked = (accepted + refused) // 2
        if accepts(asked):
            accepted = asked
        else:
            refused = asked
    return accepted


def _gap_is_wide(accepted, refused, precision):
    return refused - accepted > max(1, precision * accepted)

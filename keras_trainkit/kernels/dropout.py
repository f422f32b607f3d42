"""Dropout by comparing 16-bit random numbers with a threshold."""

LEVELS = 2**16


def threshold(rate):
    """Returns how many of the 65536 values of 16 bits drop an element.

    The rate that is used is a multiple of 1/65536: at most 2**-17 = 7.7e-6
    from the one that was asked for, or up to 1.6e-5 where rounding would
    drop nothing or everything.

    Args:
        rate: Float in [0, 1].

    Returns:
        Integer in [0, 65536]; 0 and 65536 only for the rates 0 and 1.
    """
    rounded = round(rate * LEVELS)
    if 0 < rate < 1:
        return min(max(rounded, 1), LEVELS - 1)
    return rounded


def used_rate(rate):
    """Returns the rate that a comparison with `threshold(rate)` has."""
    return threshold(rate) / LEVELS


def alpha_affine(rate):
    """Returns what alpha dropout puts in place of dropped elements.

    ```
    y = a * (x * keep + s * (1 - keep)) + b,    keep ~ Bernoulli(1 - rate)
    s = -1.7581,  a = ((1 - rate) * (1 + rate * s**2)) ** -0.5
    b = -a * s * rate
    ```

    Args:
        rate: Float in [0, 1).

    Returns:
        Tuple `(a, b, dropped)` of floats: kept elements become `a * x + b`,
        others `dropped = a * s + b`.
    """
    saturation = -1.6732632423543772 * 1.0507009873554805
    a = ((1 - rate) * (1 + rate * saturation**2)) ** -0.5
    b = -a * saturation * rate
    return a, b, a * saturation + b

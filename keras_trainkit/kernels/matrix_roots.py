"""Inverse roots of symmetric positive definite matrices, by products alone.

An eigendecomposition is exact and slow, and no backend compiles it for every
device. The coupled Newton iteration needs products only:

```
T = ((p + 1) I - s M) / p
X <- s^(1/p) X T,    M <- s T^p M,    from X = I, M = A
```

`X^p A = M` holds all along, and M tends to the identity, so X to `A^(-1/p)`.
Without the factors s it takes many steps for small eigenvalues: each grows by
`((p + 1) / p)^p`, less than e. The eigenvalues are known to lie between a
smallest one and 1, so each step can be scaled to spread them best; ten steps
are then enough for a condition number of a million.
"""

import functools

from keras import ops

from keras_trainkit.kernels.argument_checks import bad_value

# Scaled further, the largest eigenvalues would come out so small in M that
# rounding alone decides on them.
_FLOOR = 0.1
# What is left of the distance from 1 before the last, unscaled step squares it.
_NEAR = 1e-4
# Products are written `@`: on torch, `ops.matmul` of float64 is one of float32.


def inverse_root(a, order, smallest):
    """Returns `A^(-1/p)` of matrices with eigenvalues in `[smallest, 1]`.

    The error after the last step is below that of rounding in float32. What
    rounding, or an eigenvalue outside of the interval, has made of the root is
    told by `residual_bound`.

    Args:
        a: Floating-point tensor of shape `(..., n, n)`, symmetric.
        order: Integer of at least 1, p.
        smallest: Float in (0, 1).

    Returns:
        A tensor of the shape and dtype of `a`.

    Example:

    >>> from keras_trainkit.kernels.matrix_roots import inverse_root
    >>> a = np.array([[0.25, 0.0], [0.0, 1.0]], "float32")
    >>> np.array(inverse_root(a, 2, 0.1)).round(4)
    array([[2., 0.],
           [0., 1.]], dtype=float32)

    Reference:

    - [Guo and Higham, 2006](https://doi.org/10.1137/050643374)
    - [Chen and Chow, 2014](https://arxiv.org/abs/1401.4089), for the scaling
    """
    a = ops.convert_to_tensor(a)
    scales = scalings(order, smallest)
    identity = ops.eye(a.shape[-1], dtype=a.dtype)
    factors = ops.convert_to_tensor(scales, dtype=a.dtype)
    roots = ops.convert_to_tensor(
        [scale ** (1 / order) for scale in scales], dtype=a.dtype
    )

    def step(i, state):
        x, m = state
        m = m * factors[i]
        t = ((order + 1) * identity - m) / order
        return (
            _symmetric((x * roots[i]) @ t),
            _symmetric(_power(t, order) @ m),
        )

    start = (ops.zeros_like(a) + identity, a)
    return ops.fori_loop(0, len(scales), step, start)[0]


@functools.cache
def scalings(order, smallest):
    """Returns the factors s of each step, a tuple of floats.

    An eigenvalue m becomes `f(s m)` with `f(m) = m ((p + 1 - m) / p)^p`, which
    grows up to `f(1) = 1` and falls to `f(p + 1) = 0`. The best s makes the
    two ends of the interval of eigenvalues meet: `f(s smallest) = f(s)`.

    Args:
        order: Integer of at least 1, p.
        smallest: Float in (0, 1).

    Example:

    >>> from keras_trainkit.kernels.matrix_roots import scalings
    >>> len(scalings(4, 1e-6))
    10
    """
    scales = []
    while 1 - smallest > _NEAR:
        scale = _best_scale(order, smallest)
        smallest = min(_map(scale * smallest, order), _map(scale, order))
        scales.append(scale)
    return (*scales, 1.0)


def residual_bound(a, x, order):
    """Returns an upper bound of the spectral norm of `X^(p/2) A X^(p/2) - I`.

    Where it is below 1, and X commutes with A but for rounding, each eigenvalue
    of X is that of `A^(-1/p)` within the factor that `relative_error` tells.

    Args:
        a: Floating-point tensor of shape `(..., n, n)`, symmetric.
        x: Tensor of that shape, symmetric, the root.
        order: Even integer of at least 2, p.

    Returns:
        A tensor of shape `(...)`; NaN or infinite where the root is.

    Raises:
        ValueError: If `order` is odd.
    """
    if order % 2:
        raise bad_value("order", order, "even")
    a, x = ops.convert_to_tensor(a), ops.convert_to_tensor(x)
    half = _power(x, order // 2)
    identity = ops.eye(a.shape[-1], dtype=a.dtype)
    r = half @ (a @ half) - identity
    # ||R||^2 = ||R R'|| <= ||R R'||_F: closer than ||R||_F, by one product.
    square = r @ ops.swapaxes(r, -1, -2)
    return ops.sqrt(ops.sqrt(ops.sum(ops.square(square), axis=(-2, -1))))


def relative_error(residual, order):
    """Returns by which share at most an eigenvalue of a root is off.

    `(1 - residual)^(-1/p) - 1`; infinite from a residual of 1 on.

    Args:
        residual: Float, what `residual_bound` told.
        order: Integer, p.

    Example:

    >>> from keras_trainkit.kernels.matrix_roots import relative_error
    >>> round(relative_error(0.1, 4), 4)
    0.0267
    """
    if not residual < 1:
        return float("inf")
    return (1 - residual) ** (-1 / order) - 1


def _best_scale(order, smallest):
    low, high = 1.0, order + 1.0
    for _ in range(60):
        middle = (low + high) / 2
        least = max(_FLOOR, _map(middle * smallest, order))
        if _map(middle, order) > least:
            low = middle
        else:
            high = middle
    return low


def _map(m, order):
    return m * ((order + 1 - m) / order) ** order


def _power(x, exponent):
    result = None
    while exponent:
        if exponent % 2:
            result = x if result is None else result @ x
        exponent //= 2
        if exponent:
            x = x @ x
    return result


def _symmetric(x):
    return (x + ops.swapaxes(x, -1, -2)) / 2

"""The factor of a linear warm-up."""

import numpy as np


def warmup_factor(step, warmup_steps, start_factor, xp=np):
    """Returns `start + (1 - start) * min(step, n) / n`.

    Args:
        step: Number, array or float tensor, counted from the warm-up's start.
        warmup_steps: Number above 0, `n`.
        start_factor: Float, the factor at step 0.
        xp: `numpy` or `keras.ops`. Defaults to `numpy`.

    Returns:
        The factor, 1 from step `warmup_steps` on.

    Example:

    >>> from keras_trainkit.kernels.warmup import warmup_factor
    >>> warmup_factor(np.arange(4.0), 2, 0.5).tolist()
    [0.5, 0.75, 1.0, 1.0]
    """
    done = xp.minimum(step, warmup_steps) / warmup_steps
    return start_factor + (1 - start_factor) * done

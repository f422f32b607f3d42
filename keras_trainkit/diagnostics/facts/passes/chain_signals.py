"""What becomes of signals and gradients in a plain chain at the start."""

import keras

from keras_trainkit.kernels.initial_scale import drawn_rms
from keras_trainkit.kernels.initial_scale import fitting_initializer
from keras_trainkit.kernels.initial_scale import of_variance
from keras_trainkit.kernels.signal_propagation import gradient_ratio
from keras_trainkit.kernels.signal_propagation import is_known
from keras_trainkit.kernels.signal_propagation import signals

# What is left when the first layers stand still; its inverse diverges. Adaptive
# optimizers, and momentum, bear VGG's 1e-4.
_LOST = 1e-5
_LOST_BY_PLAIN_SGD = 1e-3
# A kernel that is so many times too small is no matter of taste.
_NARROW = 0.1
# A kernel that is this far above what keeps signals is told by itself.
TOO_WIDE = 5.0


def lost_signal(chain, plain_sgd=False):
    """Returns what happens to signals or gradients in words, or `None`.

    Looked at are chains of which every kernel is as it was drawn, and only if
    the initializers that fit the activations would do better.

    Args:
        chain: List of `Link`s.
        plain_sgd: Whether SGD without momentum trains it. Defaults to `False`.
    """
    usable = all(link.is_output or is_known(link.activation) for link in chain)
    drawn = all(
        link.kernel.untrained and link.kernel.constant is None for link in chain
    )
    if len(chain) < 2 or not usable or not drawn:
        return None
    if any(spread(link.kernel) > TOO_WIDE for link in chain):
        return None
    # An output layer may begin as small as one likes.
    chain = [link for link in chain if not link.is_output]
    narrow = any(
        link.kernel.rms < _NARROW * _fitting_rms(link) for link in chain
    )
    least = _LOST_BY_PLAIN_SGD if plain_sgd or narrow else _LOST
    seen = _in_words([_measured(link) for link in chain], least)
    fitting = _in_words([_fitting(link) for link in chain], least)
    return seen if fitting is None else None


def is_plain_sgd(compiled):
    """Whether a model is compiled with SGD without momentum.

    Args:
        compiled: A `Compiled`, or `None`.
    """
    if compiled is None or compiled.optimizer_name != "sgd":
        return False
    return not compiled.momentum


def scale_is_told(chain, plain_sgd):
    """Whether a rule about the kernels' size has something to say of it."""
    return lost_signal(chain, plain_sgd) is not None or any(
        link.kernel.constant is not None or spread(link.kernel) > TOO_WIDE
        for link in chain
    )


def fitting_of(link):
    """Returns the name of the initializer that fits a link's activation."""
    return fitting_initializer(link.activation) or "glorot_uniform"


def drawn_by(kernel):
    """Returns which of the three initializers drew a kernel, or `None`."""
    initializer = kernel.initializer
    if not isinstance(initializer, keras.initializers.VarianceScaling):
        return None
    return of_variance(initializer.scale, initializer.mode)


def spread(kernel):
    """Returns the size of what a unit gets for inputs of size 1.

    Weights that are nearly all of one sign add up for inputs of one sign.

    Args:
        kernel: A `KernelFacts`.
    """
    mean = abs(kernel.mean)
    one_sided = mean > 0.5 * kernel.rms
    return max(kernel.gain_in, mean * kernel.fan_in if one_sided else 0.0)


def _measured(link):
    return link.kernel.gain_in, link.kernel.gain_out, _inner(link)


def _fitting(link):
    rms, kernel = _fitting_rms(link), link.kernel
    return rms * kernel.fan_in**0.5, rms * kernel.fan_out**0.5, _inner(link)


def _fitting_rms(link):
    kernel = link.kernel
    return drawn_rms(fitting_of(link), kernel.fan_in, kernel.fan_out)


def _inner(link):
    return link.activation if is_known(link.activation) else "linear"


def _in_words(layers, least):
    seen, ratio = signals(layers), gradient_ratio(layers)
    if min(seen) < least:
        return f"A signal of size 1 shrinks to {min(seen):.1g}"
    if max(seen) > 1 / least:
        return f"A signal of size 1 grows to {max(seen):.2g}"
    if ratio < least:
        return f"A gradient shrinks to {ratio:.1g} of its size"
    if ratio > 1 / least:
        return f"A gradient grows {ratio:.2g}-fold"
    return None

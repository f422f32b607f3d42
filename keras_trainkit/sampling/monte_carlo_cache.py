"""Compiled Monte Carlo functions, kept for as long as their model lives."""

import threading
import weakref

from keras_trainkit.backend.devices.device_parts import DeviceParts
from keras_trainkit.backend.model.compiled_functions import how_compiled
from keras_trainkit.sampling.monte_carlo import MonteCarlo

_KEPT = weakref.WeakKeyDictionary()
_LOCK = threading.Lock()


def monte_carlo(layers, settings, return_samples):
    """Returns the `MonteCarlo` of these arguments, made before if it can be.

    Args:
        layers: The `RandomLayers` of a `keras.Model` that is built.
        settings: As for `MonteCarlo`; hashable.
        return_samples: As for `MonteCarlo`.
    """
    model, state = layers.model, _fingerprint(layers)
    key = (settings, return_samples)
    with _LOCK:
        known, made = _KEPT.get(model, (None, {}))
        if known != state:
            made = {}
            _KEPT[model] = (state, made)
        if key not in made:
            made[key] = MonteCarlo(layers, settings, return_samples)
        return made[key]


def _fingerprint(layers):
    """What tracing bakes in: another one needs another compiled function."""
    compiled = how_compiled(layers.model)
    return (
        tuple((id(layer), rates) for layer, rates in layers.rates.items()),
        tuple(map(_baked_in, layers.every)),
        tuple(map(id, layers.model.variables)),
        compiled,
        DeviceParts(layers.model, *compiled).key,
    )


def _baked_in(layer):
    return (
        id(layer),
        getattr(layer, "noise_shape", None),
        layer.dtype_policy.name,
        layer.quantization_mode,
    )

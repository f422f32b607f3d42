"""Compiled Monte Carlo functions, kept for as long as their model lives."""

import weakref

from keras_trainkit.backend.model.compiled_functions import how_compiled
from keras_trainkit.backend.model.layers import all_layers
from keras_trainkit.sampling.monte_carlo import MonteCarlo

_KEPT = weakref.WeakKeyDictionary()


def monte_carlo(model, switched, settings, return_samples):
    """Returns the `MonteCarlo` of these arguments, made before if it can be.

    Args:
        model: A `keras.Model` that is built.
        switched: Dictionary `{layer: rates}` of the layers that drop.
        settings: As for `MonteCarlo`; hashable.
        return_samples: As for `MonteCarlo`.
    """
    state = _fingerprint(model, switched)
    known, made = _KEPT.get(model, (None, {}))
    if known != state:
        made = {}
        _KEPT[model] = (state, made)
    key = (settings, return_samples)
    if key not in made:
        made[key] = MonteCarlo(model, switched, settings, return_samples)
    return made[key]


def _fingerprint(model, switched):
    """What tracing bakes in: another one needs another compiled function."""
    return (
        tuple((id(layer), rates) for layer, rates in switched.items()),
        tuple(map(_baked_in, all_layers(model))),
        tuple(map(id, model.variables)),
        how_compiled(model),
    )


def _baked_in(layer):
    return (
        id(layer),
        getattr(layer, "noise_shape", None),
        layer.dtype_policy.name,
        layer.quantization_mode,
    )

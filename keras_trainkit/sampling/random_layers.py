"""Which layers of a model drop."""

import keras

from keras_trainkit.backend.model.dropout_layers import DroppingCell
from keras_trainkit.backend.model.layers import all_layers
from keras_trainkit.backend.model.layers import build_on
from keras_trainkit.kernels.argument_checks import bad_value

# The attributes that hold the rates of a layer that draws in its own `call`.
# Multi-head and grouped-query attention have a Dropout layer inside; of the
# recurrent layers, LSTM and GRU drop inputs themselves in their fast paths
# (keras/src/layers/rnn/lstm.py), the others leave it to their cells.
_RATES = (
    (keras.layers.Dropout, ("rate",)),
    (keras.layers.AlphaDropout, ("rate",)),
    (keras.layers.GaussianDropout, ("rate",)),
    (keras.layers.Attention, ("dropout",)),
    (DroppingCell, ("dropout", "recurrent_dropout")),
    (keras.layers.LSTM, ("dropout", "recurrent_dropout")),
    (keras.layers.GRU, ("dropout", "recurrent_dropout")),
)
_NOISE = keras.layers.GaussianNoise

_LOOKED_FOR = (
    "Dropout, SpatialDropout1D, 2D, 3D, AlphaDropout, GaussianDropout, their "
    "Monte Carlo forms, `dropout` and `recurrent_dropout` of recurrent layers "
    "and cells, `dropout` of attention layers"
)


class RandomLayers:
    """The layers of a model, read once: all, and those that can drop.

    Args:
        model: A `keras.Model`.
        noise: Whether Gaussian noise counts. Defaults to `False`.

    Attributes:
        model: The model.
        every: List of the model and of all layers that it holds.
        built: Whether all of them have their variables.
        rates: `{layer: rates}` of those that can drop.
        active: List of those of them that draw: a rate of 0 or 1 does not.
    """

    def __init__(self, model, noise=False):
        self.model = model
        self._noise = noise
        self.every = all_layers(model)
        self.built = all(layer.built for layer in self.every)
        found = [(layer, self._rates_of(layer)) for layer in self.every]
        self.rates = {layer: rates for layer, rates in found if rates}
        self.active = [
            layer
            for layer, rates in self.rates.items()
            if any(_draws(layer, rate) for rate in rates)
        ]

    def built_on(self, batch):
        """Returns what there is once the model is built, on `batch` if need be.

        Raises:
            ValueError: If no layer draws.
        """
        if self.built:
            return self
        build_on(self.model, batch)
        found = RandomLayers(self.model, self._noise)
        found.require_active()
        return found

    def require_active(self):
        """Raises unless a layer draws."""
        if self.active:
            return
        hint = "Give a layer a rate."
        if not self._noise:
            hint += " `GaussianNoise` counts only with `noise=True`."
        raise bad_value(
            "model",
            self.model.name,
            "a model with a layer that drops at a rate between 0 and 1, or "
            "all its samples are equal",
            f"Looked for: {_LOOKED_FOR}. Found: "
            f"{self.listed(self.rates) or 'none'}. {hint}",
        )

    def listed(self, layers):
        """Returns the names of `layers` with their rates, in one line."""
        return ", ".join(
            f"{layer.name} ({', '.join(map(str, self.rates[layer]))})"
            for layer in layers
        )

    def _rates_of(self, layer):
        if self._noise and isinstance(layer, _NOISE):
            return (layer.stddev,)
        return tuple(
            getattr(layer, name)
            for kind, names in _RATES
            if isinstance(layer, kind)
            for name in names
        )


def _draws(layer, rate):
    return rate > 0 if isinstance(layer, _NOISE) else 0 < rate < 1

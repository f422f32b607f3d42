"""Optimizers that know the layers: a learning rate for each, decay for some."""

from keras_trainkit.optimizers.exclude_norm_and_bias import (
    exclude_norm_and_bias,
)
from keras_trainkit.optimizers.layer_decay import layer_decay
from keras_trainkit.optimizers.layerwise_learning_rate import (
    LayerwiseLearningRate,
)
from keras_trainkit.optimizers.multipliers import multipliers
from keras_trainkit.optimizers.shampoo import Shampoo
from keras_trainkit.optimizers.spread import spread

__all__ = [
    "LayerwiseLearningRate",
    "Shampoo",
    "exclude_norm_and_bias",
    "layer_decay",
    "multipliers",
    "spread",
]

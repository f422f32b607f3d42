"""Activation functions that Keras lacks; saved by registration."""

from keras_trainkit.activations.functions import quick_gelu
from keras_trainkit.activations.functions import squared_relu
from keras_trainkit.activations.functions import swish

__all__ = ["quick_gelu", "squared_relu", "swish"]

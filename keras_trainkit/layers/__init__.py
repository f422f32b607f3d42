"""Layers: dropout that also drops at inference, randomized leaky ReLU."""

from keras_trainkit.layers.mc_dropout import MCAlphaDropout
from keras_trainkit.layers.mc_dropout import MCDropout
from keras_trainkit.layers.mc_dropout import MCGaussianDropout
from keras_trainkit.layers.mc_spatial_dropout import MCSpatialDropout1D
from keras_trainkit.layers.mc_spatial_dropout import MCSpatialDropout2D
from keras_trainkit.layers.mc_spatial_dropout import MCSpatialDropout3D
from keras_trainkit.layers.rrelu import RReLU

__all__ = [
    "MCAlphaDropout",
    "MCDropout",
    "MCGaussianDropout",
    "MCSpatialDropout1D",
    "MCSpatialDropout2D",
    "MCSpatialDropout3D",
    "RReLU",
]

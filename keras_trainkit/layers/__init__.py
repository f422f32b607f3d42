"""Layers: dropout that also drops at inference, and activations."""

from keras_trainkit.layers.glu import GLU
from keras_trainkit.layers.glu import SwiGLU
from keras_trainkit.layers.mc_dropout import MCAlphaDropout
from keras_trainkit.layers.mc_dropout import MCDropout
from keras_trainkit.layers.mc_dropout import MCGaussianDropout
from keras_trainkit.layers.mc_spatial_dropout import MCSpatialDropout1D
from keras_trainkit.layers.mc_spatial_dropout import MCSpatialDropout2D
from keras_trainkit.layers.mc_spatial_dropout import MCSpatialDropout3D
from keras_trainkit.layers.rrelu import RReLU
from keras_trainkit.layers.scalar_affine import ScalarAffine
from keras_trainkit.layers.squared_relu import SquaredReLU
from keras_trainkit.layers.swish import Swish

__all__ = [
    "GLU",
    "MCAlphaDropout",
    "MCDropout",
    "MCGaussianDropout",
    "MCSpatialDropout1D",
    "MCSpatialDropout2D",
    "MCSpatialDropout3D",
    "RReLU",
    "ScalarAffine",
    "SquaredReLU",
    "SwiGLU",
    "Swish",
]

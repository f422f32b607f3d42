"""Projections of the weights after each step, and how to set them."""

from keras_trainkit.constraints.chain import Chain
from keras_trainkit.constraints.constrain import constrain
from keras_trainkit.constraints.incoming_max_norm import IncomingMaxNorm
from keras_trainkit.constraints.weight_clip import WeightClip
from keras_trainkit.constraints.zero_mean import ZeroMean

__all__ = ["Chain", "IncomingMaxNorm", "WeightClip", "ZeroMean", "constrain"]

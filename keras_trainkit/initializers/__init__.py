"""Initialisers that Keras lacks, and recipes that initialise whole models."""

from keras_trainkit.initializers.fixup import fixup
from keras_trainkit.initializers.for_activation import for_activation
from keras_trainkit.initializers.he_leaky import HeLeaky
from keras_trainkit.initializers.lsuv import lsuv
from keras_trainkit.initializers.reinitialize import reinitialize
from keras_trainkit.initializers.scaled import Scaled

__all__ = [
    "HeLeaky",
    "Scaled",
    "fixup",
    "for_activation",
    "lsuv",
    "reinitialize",
]

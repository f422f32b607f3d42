"""Dependable training craft for Keras 3.

One behaviour on TensorFlow, JAX and PyTorch. Importing the package registers
its serialisable classes with Keras, so `keras.models.load_model` finds them.
"""

from keras_trainkit import activations
from keras_trainkit import batch_norm
from keras_trainkit import callbacks
from keras_trainkit import compression
from keras_trainkit import constraints
from keras_trainkit import diagnostics
from keras_trainkit import initializers
from keras_trainkit import layers
from keras_trainkit import models
from keras_trainkit import optimizers
from keras_trainkit import plots
from keras_trainkit import pretraining
from keras_trainkit import probing
from keras_trainkit import schedules
from keras_trainkit import transfer
from keras_trainkit import tuning
from keras_trainkit import uncertainty
from keras_trainkit.version import __version__

__all__ = [
    "__version__",
    "activations",
    "batch_norm",
    "callbacks",
    "compression",
    "constraints",
    "diagnostics",
    "initializers",
    "layers",
    "models",
    "optimizers",
    "plots",
    "pretraining",
    "probing",
    "schedules",
    "transfer",
    "tuning",
    "uncertainty",
]

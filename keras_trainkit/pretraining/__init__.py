"""Pretraining without labels: reconstruction, and labels that come for free."""

from keras_trainkit.pretraining.autoencode import autoencode
from keras_trainkit.pretraining.auxiliary import auxiliary
from keras_trainkit.pretraining.corruption import denoise
from keras_trainkit.pretraining.corruption import mask
from keras_trainkit.pretraining.free_labels import pairs
from keras_trainkit.pretraining.free_labels import rotations
from keras_trainkit.pretraining.free_labels import which_half_first
from keras_trainkit.pretraining.mirrored_decoder import mirrored_decoder
from keras_trainkit.pretraining.stacked import stacked

__all__ = [
    "autoencode",
    "auxiliary",
    "denoise",
    "mask",
    "mirrored_decoder",
    "pairs",
    "rotations",
    "stacked",
    "which_half_first",
]

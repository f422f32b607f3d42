"""Sparse models: pruning, reports, smaller dense models."""

from keras_trainkit.compression.l1_sparsify import l1_sparsify
from keras_trainkit.compression.prune import prune
from keras_trainkit.compression.shrinking.result import Shrinking
from keras_trainkit.compression.shrinking.result import SmallerLayer
from keras_trainkit.compression.shrinking.shrink import shrink
from keras_trainkit.compression.sparsity_report import sparsity_report

__all__ = [
    "Shrinking",
    "SmallerLayer",
    "l1_sparsify",
    "prune",
    "shrink",
    "sparsity_report",
]

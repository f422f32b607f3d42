"""Batch normalisation: exact statistics, and folding it away."""

from keras_trainkit.batch_norm.folding.fold import fold
from keras_trainkit.batch_norm.folding.result import Folding
from keras_trainkit.batch_norm.refresh import refresh

__all__ = ["Folding", "fold", "refresh"]

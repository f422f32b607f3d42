"""Reusing a pretrained model: freezing, unfreezing, a new head."""

from keras_trainkit.transfer.freezing import freeze
from keras_trainkit.transfer.freezing import unfreeze

__all__ = ["freeze", "unfreeze"]

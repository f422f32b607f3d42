"""Reusing a pretrained model: freezing, unfreezing, a new head."""

from keras_trainkit.models.groups import layer_groups
from keras_trainkit.transfer.adapt_input import adapt_input
from keras_trainkit.transfer.clone import clone
from keras_trainkit.transfer.depth_search import DepthSearch
from keras_trainkit.transfer.depth_search import search_depth
from keras_trainkit.transfer.describe import describe
from keras_trainkit.transfer.features import features
from keras_trainkit.transfer.fine_tune import fine_tune
from keras_trainkit.transfer.freezing import freeze
from keras_trainkit.transfer.freezing import set_trainable
from keras_trainkit.transfer.freezing import unfreeze
from keras_trainkit.transfer.gradual import gradual
from keras_trainkit.transfer.replace_head import replace_head
from keras_trainkit.transfer.resize_to import resize_to
from keras_trainkit.transfer.split import split

__all__ = [
    "DepthSearch",
    "adapt_input",
    "clone",
    "describe",
    "features",
    "fine_tune",
    "freeze",
    "gradual",
    "layer_groups",
    "replace_head",
    "resize_to",
    "search_depth",
    "set_trainable",
    "split",
    "unfreeze",
]

"""How many layers to reuse, as an Optuna study."""

from keras_trainkit.transfer.depth_search.result import DepthSearch
from keras_trainkit.transfer.depth_search.search_depth import search_depth

__all__ = ["DepthSearch", "search_depth"]

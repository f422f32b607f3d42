"""Walking a model: layer paths, selections, trainable flags."""

from keras_trainkit.models.paths import layer_paths

__all__ = ["layer_paths"]

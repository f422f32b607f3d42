"""Walking a model: layer paths, selections, trainable flags."""

from keras_trainkit.models.groups import groups
from keras_trainkit.models.groups import layer_groups
from keras_trainkit.models.paths import layer_paths
from keras_trainkit.models.selection import select
from keras_trainkit.models.trainable import trainable_layers

__all__ = [
    "groups",
    "layer_groups",
    "layer_paths",
    "select",
    "trainable_layers",
]

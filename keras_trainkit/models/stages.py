"""What each stage of gradual unfreezing trains."""

import math
from typing import NamedTuple

import keras

from keras_trainkit.kernels.errors import bad_value
from keras_trainkit.models.paths import owners
from keras_trainkit.models.paths import walk
from keras_trainkit.models.trainable import set_trainable
from keras_trainkit.models.trainable import trainable_layers
from keras_trainkit.models.trainable import trainable_parts


class Stage(NamedTuple):
    """One stage: from `epoch` on, `layers` train, except those `held`."""

    epoch: int
    layers: list
    held: list

    def set_flags(self, model):
        """Makes what this stage trains trainable and freezes the rest."""
        set_trainable(model, self.layers)
        for layer in self.held:
            layer.trainable = False


def plan_stages(model, selected, hold_batch_norm):
    """Returns the stages in order, the first of them from epoch 0 on.

    Args:
        model: A `keras.Model`.
        selected: Dictionary of epoch to the layers that its stage adds.
            Without an epoch 0 the layers that are trainable now come first.
        hold_batch_norm: Whether BatchNormalization outside the first stage
            stays frozen in all of them.

    Raises:
        ValueError: When the first stage would train nothing.
    """
    selected = dict(selected)
    if 0 not in selected:
        selected[0] = trainable_parts(model)
        if not selected[0]:
            raise bad_value(
                "stages",
                sorted(set(selected) - {0}),
                "given for epoch 0 where no layer is trainable",
                "Add a stage such as {0: 1} for the last layer.",
            )
    layers, stages, held = [], [], []
    for epoch in sorted(selected):
        layers = layers + selected[epoch]
        if epoch == 0 and hold_batch_norm:
            held = _batch_norms_outside(model, layers)
        stages.append(Stage(epoch, _once(layers), held))
    return stages


def trainable_counts(model):
    """Describes in words how many layers and weights of `model` train."""
    layers = len({id(layer) for _, layer in owners(model)})
    return (
        f"{len(trainable_layers(model))} of {layers} layers, "
        f"{_size(model.trainable_weights):,} of {_size(model.weights):,} "
        "weights"
    )


def _batch_norms_outside(model, layers):
    inside = {id(part) for layer in layers for part in _whole(layer)}
    return [
        layer
        for layer in _once(layer for _, layer in walk(model))
        if isinstance(layer, keras.layers.BatchNormalization)
        and id(layer) not in inside
    ]


def _whole(layer):
    # A model stands for the weights that it owns itself.
    if isinstance(layer, keras.Model):
        return [layer]
    return [layer, *(part for _, part in walk(layer))]


def _once(layers):
    return list({id(layer): layer for layer in layers}.values())


def _size(weights):
    return sum(math.prod(weight.shape) for weight in weights)

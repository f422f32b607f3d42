"""What each stage of gradual unfreezing trains."""

import math
from typing import NamedTuple

import keras

from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.models.flags import Flags
from keras_trainkit.models.flags import add_trainable
from keras_trainkit.models.flags import read_flags
from keras_trainkit.models.paths import owners
from keras_trainkit.models.paths import walk
from keras_trainkit.models.trainable import set_trainable
from keras_trainkit.models.trainable import trainable_layers


class Stage(NamedTuple):
    """One stage: from `epoch` on, `layers` train, except those `held`.

    `found` are the flags to which the layers are added, or `None`.
    """

    epoch: int
    layers: list
    held: list
    found: Flags | None

    def set_flags(self, model):
        """Makes what this stage trains trainable and freezes the rest."""
        if self.found is None:
            set_trainable(model, self.layers)
        else:
            add_trainable(model, self.layers, self.found)
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
    found = None
    if 0 not in selected:
        if not model.trainable_weights:
            raise bad_value(
                "stages",
                sorted(selected),
                "given for epoch 0 where no layer is trainable",
                "Add a stage such as {0: 1} for the last layer.",
            )
        found = read_flags(model)
    first = selected.get(0, [])
    held = _batch_norms_outside(model, first, found) if hold_batch_norm else []
    layers, stages = [], []
    for epoch in sorted({0, *selected}):
        layers = _once(layers + selected.get(epoch, []))
        stages.append(Stage(epoch, layers, held, found))
    return stages


def trainable_counts(model):
    """Describes in words how many layers and weights of `model` train."""
    layers = len({id(layer) for _, layer in owners(model)})
    return (
        f"{len(trainable_layers(model))} of {layers} layers, "
        f"{_size(model.trainable_weights):,} of {_size(model.weights):,} "
        "weights"
    )


def _batch_norms_outside(model, first, found):
    inside = {id(part) for layer in first for part in _whole(layer)}
    if found is not None:
        inside |= {layer for layer, flag in found.layers.items() if flag}
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

"""What each stage of gradual unfreezing trains."""

import math
from typing import NamedTuple

import keras

from keras_trainkit.backend.model.torch_modules import norm_weights
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.models.flags import Flags
from keras_trainkit.models.flags import read_flags
from keras_trainkit.models.flags import write_flags
from keras_trainkit.models.trainable import train_only
from keras_trainkit.models.trainable import training_in


class Stage(NamedTuple):
    """One stage: from `epoch` on, `layers` train, except those `held`.

    `found` are the flags to which the layers are added, or `None`.
    """

    epoch: int
    layers: list
    held: list
    found: Flags | None

    def set_flags(self, tree):
        """Makes what this stage trains trainable and freezes the rest."""
        train_only(tree, self.layers, self.held, besides=self.found)


def plan_stages(tree, selected, hold_batch_norm):
    """Returns the stages in order, the first of them from epoch 0 on.

    Args:
        tree: The `LayerTree` of a `keras.Model`.
        selected: Dictionary of epoch to the layers that its stage adds.
            Without an epoch 0 the layers that are trainable now come first.
        hold_batch_norm: Whether BatchNormalization outside the first stage
            stays frozen in all of them.

    Raises:
        ValueError: When the first stage would train nothing.
    """
    found = None
    if 0 not in selected:
        if not tree.model.trainable_weights:
            raise bad_value(
                "stages",
                sorted(selected),
                "given for epoch 0 where no layer is trainable",
                "Add a stage such as {0: 1} for the last layer.",
            )
        found = read_flags(tree)
    first = selected.get(0, [])
    held = _batch_norms_outside(tree, first, found) if hold_batch_norm else []
    layers, stages = [], []
    for epoch in sorted({0, *selected}):
        layers = _once(layers + selected.get(epoch, []))
        stages.append(Stage(epoch, layers, held, found))
    return stages


def trained_in_stages(tree, plan):
    """Returns the variables that each stage trains; nothing is changed.

    Args:
        tree: The `LayerTree` of a `keras.Model`.
        plan: List of `Stage`s.

    Returns:
        A list of lists of `keras.Variable`s.
    """
    flags, found = read_flags(tree), []
    try:
        for stage in plan:
            stage.set_flags(tree)
            found.append(list(tree.model.trainable_variables))
    finally:
        write_flags(tree, flags)
    return found


def trainable_counts(tree):
    """Describes in words how many layers and weights of a model train."""
    layers = len({id(layer) for _, layer in tree.owners})
    model = tree.model
    return (
        f"{len(training_in(tree))} of {layers} layers, "
        f"{_size(model.trainable_weights):,} of {_size(model.weights):,} "
        "weights"
    )


def _batch_norms_outside(tree, first, found):
    inside = {id(part) for layer in first for part in _whole(tree, layer)}
    if found is not None:
        inside |= {layer for layer, flag in found.layers.items() if flag}
    return [
        layer
        for layer in tree.layers
        if _has_batch_norm(layer) and id(layer) not in inside
    ]


def _has_batch_norm(layer):
    keras_own = isinstance(layer, keras.layers.BatchNormalization)
    return keras_own or norm_weights(layer) is not None


def _whole(tree, layer):
    # A model stands for the weights that it owns itself.
    if isinstance(layer, keras.Model):
        return [layer]
    return [layer, *tree.inside(layer)]


def _once(layers):
    return list({id(layer): layer for layer in layers}.values())


def _size(weights):
    return sum(math.prod(weight.shape) for weight in weights)

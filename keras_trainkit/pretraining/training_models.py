"""The models that are trained: the encoder, lent, and what is dropped later.

They are subclassed: a functional model over the encoder would add nodes to it.
`training` is passed on by hand, as JAX's step calls `call` itself
(`stateless_call` in keras/src/layers/layer.py), and no context tells it then.
"""

import keras
from keras import ops

from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.hidden_places import shared_out
from keras_trainkit.models.layer_tree import LayerTree
from keras_trainkit.pretraining.corruption import MaskCorruption


class TrainingModel(keras.Model):
    """Trains `encoder` with a part that is not kept.

    Args:
        encoder: A built `keras.Model`.
    """

    def __init__(self, encoder):
        # Whoever trains it scales the loss, if the encoder's float16 needs
        # it; inputs are left to the encoder to cast.
        super().__init__(dtype=_policy_of(encoder), autocast=False)
        self.encoder = encoder


class Reconstruction(TrainingModel):
    """Predicts its inputs from what `corrupt` leaves of them.

    Args:
        encoder: A built `keras.Model`.
        decoder: A layer or a model.
        corrupt: A layer, or `None`.
    """

    def __init__(self, encoder, decoder, corrupt=None):
        super().__init__(encoder)
        self.decoder = decoder
        self.corrupt = corrupt
        self.masked = (
            isinstance(corrupt, MaskCorruption) and corrupt.loss_on == "masked"
        )

    def call(self, inputs, training=False):
        """Returns the reconstruction, and where inputs were hidden."""
        places = None
        if isinstance(self.corrupt, MaskCorruption):
            inputs, places = self.corrupt.hide(_floats(inputs))
        elif self.corrupt is not None:
            inputs = self.corrupt(_floats(inputs), training=training)
        code = self.encoder(inputs, training=training)
        predicted = self.decoder(code, training=training)
        return (predicted, places) if self.masked else predicted

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        """Compares the reconstruction with the inputs; `y` is left out."""
        predicted = y_pred[0] if self.masked else y_pred
        _require_same_shape(x, predicted)
        if sample_weight is not None and not self.masked:
            # A loss has one axis less than what it compares.
            rank = len(predicted.shape) - 1
            sample_weight = _with_rank(sample_weight, rank)
        if self.masked:
            weights = shared_out(y_pred[1])
            if sample_weight is not None:
                weights = weights * _with_rank(
                    sample_weight, len(weights.shape)
                )
            sample_weight = weights
            if len(predicted.shape) == 2:
                # A loss is a mean over the last axis, which is to be weighted.
                x, predicted = x[..., None], predicted[..., None]
        return super().compute_loss(x, x, predicted, sample_weight, training)


class LabelPrediction(TrainingModel):
    """Predicts labels from the encoder's output, or its outputs for several.

    Args:
        encoder: A built `keras.Model`.
        head: A layer; it is given a list where there are several inputs.
    """

    def __init__(self, encoder, head):
        super().__init__(encoder)
        self.head = head

    def call(self, inputs, training=False):
        """Returns what the head makes of the encoder's outputs."""
        several = isinstance(inputs, (tuple, list))
        outputs = [
            self.encoder(one, training=training)
            for one in (inputs if several else [inputs])
        ]
        return self.head(outputs if several else outputs[0], training=training)


def _floats(inputs):
    floats = keras.backend.is_float_dtype(inputs.dtype)
    return inputs if floats else ops.cast(inputs, "float32")


def _with_rank(weights, rank):
    """Adds axes behind those of weights, which would be put in front."""
    missing = max(0, rank - len(weights.shape))
    return ops.expand_dims(weights, tuple(range(-missing, 0)))


def _policy_of(encoder):
    """Returns the dtype policy that decides whether the loss is scaled."""
    layers = LayerTree(encoder).layers
    policies = {layer.dtype_policy.name for layer in layers}
    return "mixed_float16" if "mixed_float16" in policies else "float32"


def _require_same_shape(inputs, predicted):
    pairs = zip(inputs.shape[1:], predicted.shape[1:], strict=False)
    same = len(inputs.shape) == len(predicted.shape)
    if not same or any(a != b for a, b in pairs if None not in (a, b)):
        raise bad_value(
            "decoder",
            f"one whose output has the shape {tuple(predicted.shape[1:])}",
            f"such that it returns what the inputs are: "
            f"{tuple(inputs.shape[1:])}",
        )

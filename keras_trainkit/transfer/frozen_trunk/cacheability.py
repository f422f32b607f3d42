"""Which models may train on cached features, as far as their code tells."""

import keras

from keras_trainkit.backend.devices.distribution import is_distributed
from keras_trainkit.backend.model.lent_forward import is_quantized
from keras_trainkit.backend.training.batch_loss import own_methods
from keras_trainkit.models.graph import graph_of

_OF_FIT = ("train_step", "test_step", "compute_loss", "compute_metrics")


class CannotCache(ValueError):
    """A `fit` on cached features would not be that on the arrays.

    Attributes:
        reason: Why, as the second half of a sentence.
    """

    def __init__(self, reason):
        """Keeps the reason."""
        super().__init__(
            "Expected a trunk whose features can be computed once. Received: "
            f"a model that cannot be cached, as {reason}. Pass "
            "`cache_features=False`."
        )
        self.reason = reason


def require_cacheable(model):
    """Raises for a model that may not train on features of its trunk.

    Args:
        model: A compiled and built `keras.Model`.

    Raises:
        CannotCache: With the reason.
    """
    if not isinstance(model, keras.Model) or graph_of(model) is None:
        raise CannotCache("it is no graph of layers, which could be cut")
    own = own_methods(model, _OF_FIT)
    if own:
        raise CannotCache(f"it has a `{own[0]}` of its own")
    if is_quantized(model):
        raise CannotCache("it is quantised")
    if is_distributed(model):
        raise CannotCache("it is spread over devices")

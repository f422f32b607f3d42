"""Every way of reuse on models of KerasHub, in pairs of features."""

import keras
import keras_hub
import numpy as np
import pytest

from tests.helpers import reuse_matrix as matrix

HEAD = "predictions"
TINY = {"num_layers": 1, "num_heads": 2, "hidden_dim": 4}


def vit():
    """No dropout: a replay would draw other masks."""
    backbone = keras_hub.models.ViTBackbone((8, 8, 3), 4, mlp_dim=8, **TINY)
    images = np.random.default_rng(0).random((matrix.ROWS, 8, 8, 3), "float32")
    return keras_hub.models.ViTImageClassifier(backbone, 2), images


def made(name, dtype):
    keras.utils.set_random_seed(3)
    with matrix.policy(dtype):
        model, x = MODELS[name]()
    return model, (x, (np.arange(matrix.ROWS) % 3 == 0).astype("int32"))


def loss():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


MODELS = {"ViT": vit}


@pytest.mark.parametrize(
    ("name", "feature", "dtype", "curve"), matrix.matrix(MODELS)
)
def test_weights_move_where_and_as_much_as_they_should(
    name, feature, dtype, curve
):
    (model, data), (hand, _) = made(name, dtype), made(name, dtype)
    start = model.get_weights()
    matrix.trained(feature, curve, model, data, loss(), HEAD)
    matrix.replayed(feature, curve, hand, data, loss(), HEAD)
    matrix.check(model, hand, start, dtype)

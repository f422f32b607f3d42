"""Every way of reuse on models of KerasHub, in pairs of features."""

import keras
import keras_hub
import numpy as np
import pytest

from tests.helpers import reuse_matrix as matrix

TOKENS, WORDS = 4, 8
TINY = {"num_layers": 2, "num_heads": 2, "hidden_dim": 4}


def bert():
    """No dropout: a replay would draw other masks."""
    backbone = keras_hub.models.BertBackbone(
        WORDS,
        intermediate_dim=8,
        max_sequence_length=TOKENS,
        dropout=0.0,
        **TINY,
    )
    model = keras_hub.models.BertTextClassifier(backbone, 2, dropout=0.0)
    shape = (matrix.ROWS, TOKENS)
    ids = np.random.default_rng(0).integers(1, WORDS, shape)
    return model, {
        "token_ids": ids,
        "padding_mask": np.ones_like(ids),
        "segment_ids": 0 * ids,
    }


def vit():
    backbone = keras_hub.models.ViTBackbone((8, 8, 3), 4, mlp_dim=8, **TINY)
    images = np.random.default_rng(0).random((matrix.ROWS, 8, 8, 3), "float32")
    return keras_hub.models.ViTImageClassifier(backbone, 2), images


# How to make it, and the layer path of its head.
MODELS = {"BERT": (bert, "logits"), "ViT": (vit, "predictions")}


def made(name, dtype):
    keras.utils.set_random_seed(3)
    with matrix.policy(dtype):
        model, x = MODELS[name][0]()
    return model, (x, np.arange(matrix.ROWS) % 2)


def loss():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@pytest.mark.parametrize(
    ("name", "feature", "dtype", "curve"), matrix.matrix(MODELS)
)
def test_weights_move_where_and_as_much_as_they_should(
    name, feature, dtype, curve
):
    head = MODELS[name][1]
    (model, data), (hand, _) = made(name, dtype), made(name, dtype)
    start = model.get_weights()
    matrix.trained(feature, curve, model, data, loss(), head)
    matrix.replayed(feature, curve, hand, data, loss(), head)
    matrix.check(model, hand, start, dtype)

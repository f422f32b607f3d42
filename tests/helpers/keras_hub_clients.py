"""Small models of KerasHub, built by their constructors: no download."""

import dataclasses
from collections.abc import Callable

import keras
import keras_hub
import numpy as np
import pytest

import keras_trainkit as ktk

ROWS, TOKENS, WORDS, BATCH, RATE = 16, 4, 8, 8, 0.05
TINY = {"num_layers": 1, "num_heads": 2, "hidden_dim": 4}


def texts(*names):
    ids = np.random.default_rng(0).integers(1, WORDS, (ROWS, TOKENS))
    rest = {"padding_mask": np.ones_like(ids), "segment_ids": 0 * ids}
    return {"token_ids": ids, **{name: rest[name] for name in names}}


def images():
    return np.random.default_rng(0).random((ROWS, 8, 8, 3), "float32")


def bert():
    backbone = keras_hub.models.BertBackbone(
        WORDS, intermediate_dim=8, max_sequence_length=TOKENS, **TINY
    )
    model = keras_hub.models.BertTextClassifier(backbone, 2)
    return model, texts("padding_mask", "segment_ids")


def gpt2():
    backbone = keras_hub.models.GPT2Backbone(
        WORDS, intermediate_dim=8, max_sequence_length=TOKENS, **TINY
    )
    return keras_hub.models.GPT2CausalLM(backbone), texts("padding_mask")


def vit():
    backbone = keras_hub.models.ViTBackbone((8, 8, 3), 4, mlp_dim=8, **TINY)
    model = keras_hub.models.ViTImageClassifier(backbone, 2, dropout=0.5)
    return model, images()


def vit_of_three():
    options = {**TINY, "num_layers": 3, "mlp_dim": 8}
    backbone = keras_hub.models.ViTBackbone((8, 8, 3), 4, **options)
    return keras_hub.models.ViTImageClassifier(backbone, 2)


def resnet():
    backbone = keras_hub.models.ResNetBackbone(
        [64], [3], [64], [1], [1], "basic_block", image_shape=(8, 8, 3)
    )
    model = keras_hub.models.ResNetImageClassifier(backbone, 2, dropout=0.5)
    return model, images()


@dataclasses.dataclass
class Client:
    """How to make a model and its input, and what is where in it."""

    make: Callable
    head: str
    first: str  # the weight that data meets first
    kernels: int
    targets: tuple = (ROWS,)


CLIENTS = {
    "BERT": Client(bert, "logits", "token_embedding/embeddings", 8),
    "GPT-2": Client(
        gpt2,
        "*/layer_norm",
        "token_embedding/embeddings",
        6,
        (ROWS, TOKENS),
    ),
    "ViT": Client(vit, "predictions", "patch_embedding/kernel", 8),
    "ResNet": Client(resnet, "predictions", "conv1_conv/kernel", 4),
}
TRANSFORMERS = {name: CLIENTS[name] for name in ("BERT", "GPT-2", "ViT")}
every_client = pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
every_transformer = pytest.mark.parametrize(
    "client", TRANSFORMERS.values(), ids=TRANSFORMERS
)


def compiled(client, lora=False):
    model, x = client.make()
    if lora:
        model.backbone.enable_lora(2)
    model.compile(
        keras.optimizers.SGD(RATE, momentum=0.9),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model, x, np.random.default_rng(1).integers(0, 2, client.targets)


def fit(model, x, y, *callbacks, epochs=1):
    options = {"shuffle": False, "verbose": 0, "batch_size": BATCH}
    model.fit(x, y, epochs=epochs, callbacks=list(callbacks), **options)


def values(model):
    return {w.path: keras.ops.convert_to_numpy(w) for w in model.weights}


def moved(before, after):
    """Returns the paths of the weights that are not bit for bit as before."""
    return {p for p in before if not np.array_equal(before[p], after[p])}


class Moved(keras.callbacks.Callback):
    """The paths of the weights that each epoch moved."""

    def on_train_begin(self, logs=None):
        self.epochs = []

    def on_epoch_begin(self, epoch, logs=None):
        self.before = values(self.model)

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(moved(self.before, values(self.model)))


def weights_of(model, selection):
    layers = ktk.models.select(model, selection)
    return {weight.path for layer in layers for weight in layer.weights}

"""KerasHub's models go through what fits, samples, constrains and searches.

Each is built by its constructor from a small configuration: no download.
"""

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


@every_client
def test_stages_and_one_cycle_in_one_fit(client):
    model, x, y = compiled(client)
    fine_tuning = ktk.callbacks.FineTuning({0: client.head, 1: "all"})
    one_cycle, recorder = ktk.callbacks.OneCycle(2 * RATE), Moved()
    fit(model, x, y, fine_tuning, one_cycle, recorder, epochs=2)
    head, every = recorder.epochs
    assert head == weights_of(model, client.head)
    assert [path for path in every - head if path.endswith(client.first)]
    assert every <= {weight.path for weight in model.trainable_weights}
    assert len(one_cycle.trace()["learning_rate"]) == 2 * ROWS // BATCH
    assert float(model.optimizer.learning_rate) == pytest.approx(0.1 * RATE)
    assert model.optimizer.momentum == 0.9


def test_the_statistics_of_a_reused_backbone_stay():
    model, x, y = compiled(CLIENTS["ResNet"])
    statistics = {p for p in values(model) if "/moving_" in p}
    recorder = Moved()
    fine_tuning = ktk.callbacks.FineTuning({0: "predictions", 1: "all"})
    fit(model, x, y, fine_tuning, recorder, epochs=2)
    assert len(statistics) == 6
    assert not statistics & (recorder.epochs[0] | recorder.epochs[1])


LORA = ("*/query", "*/value")


def base_kernels(model):
    """Returns the paths of the kernels that `enable_lora` has frozen."""
    layers = ktk.models.select(model, list(LORA))
    return {w.path for one in layers for w in one.weights if w.name == "kernel"}


@every_transformer
def test_lora_trains_and_the_base_kernels_stay(client):
    model, x, y = compiled(client, lora=True)
    frozen, head = base_kernels(model), weights_of(model, client.head)
    lora = weights_of(model, list(LORA)) - frozen
    stages, recorder = {0: client.head, 1: [*LORA]}, Moved()
    fit(model, x, y, ktk.callbacks.FineTuning(stages), recorder, epochs=2)
    first, second = recorder.epochs
    assert (len(frozen), len(lora)) == (2, 6)
    assert first == head
    # The first factor's gradient is a product with the second, which starts
    # at 0: it need not show in float32.
    assert head | {w for w in lora if not w.endswith("kernel_a")} <= second
    assert second <= head | lora


def test_a_stage_for_all_leaves_what_lora_froze():
    model, x, y = compiled(CLIENTS["BERT"], lora=True)
    stages, recorder = {0: "logits", 1: "all"}, Moved()
    fit(model, x, y, ktk.callbacks.FineTuning(stages), recorder, epochs=2)
    assert not recorder.epochs[1] & base_kernels(model)
    assert "pooled_dense/kernel" in recorder.epochs[1]


def test_unfreezing_leaves_what_lora_froze():
    model, x, y = compiled(CLIENTS["ViT"], lora=True)
    ktk.transfer.unfreeze(model, "all")
    before = values(model)
    fit(model, x, y)
    found = moved(before, values(model))
    assert not found & base_kernels(model)
    assert [path for path in found if path.endswith("patch_embedding/kernel")]


def stacked(x, times):
    return keras.tree.map_structure(lambda a: np.repeat(a, times, 0), x)


@every_client
def test_samples_spread_as_those_of_training(client):
    model, x, _ = compiled(client)
    x = keras.tree.map_structure(lambda a: a[:4], x)
    before = values(model)
    ours = ktk.uncertainty.mc_predict(
        model, x, samples=400, seed=1, from_logits=True
    )
    assert not moved(before, values(model))
    # What trains draws a mask for every row; a frozen BatchNormalization
    # stays in inference mode.
    model.backbone.trainable = False
    logits = model(stacked(x, 400), training=True)
    theirs = keras.ops.convert_to_numpy(keras.ops.softmax(logits))
    theirs = theirs.reshape((4, 400, *theirs.shape[1:]))
    assert ours.kind == "classification"
    np.testing.assert_allclose(ours.mean, theirs.mean(1), atol=0.05)
    np.testing.assert_allclose(ours.std.mean(), theirs.std(1).mean(), rtol=0.1)


def incoming_norms(path, kernel):
    """Returns the norms of the vectors that come in at each unit."""
    axes = tuple(range(kernel.ndim - 1))
    if kernel.ndim == 3:  # a projection of attention, to its heads or back
        axes = (0, 1) if "output" in path else (0,)
    return np.sqrt(np.sum(np.square(kernel, dtype="float64"), axes))


@every_client
def test_every_kernel_is_constrained(client):
    model, x, y = compiled(client)
    ktk.constraints.constrain(model, max_norm=0.1)
    fit(model, x, y)
    kernels = {
        path: value
        for path, value in values(model).items()
        if path.endswith("/kernel")
    }
    assert len(kernels) == client.kernels
    norms = [incoming_norms(*item).max() for item in kernels.items()]
    assert max(norms) < 0.1 + 1e-6


@every_transformer
def test_kernels_under_lora_are_not_constrained(client):
    model, _, _ = compiled(client, lora=True)
    with pytest.raises(ValueError, match="without LoRA"):
        ktk.constraints.constrain(model, max_norm=0.1)


@pytest.mark.parametrize(
    "client, lora",
    [
        *((client, False) for client in CLIENTS.values()),
        (CLIENTS["BERT"], True),
    ],
    ids=[*CLIENTS, "BERT with LoRA"],
)
def test_a_search_leaves_the_model_as_it_was(client, lora):
    model, x, y = compiled(client, lora)
    before = values(model)
    found = ktk.tuning.find_learning_rate(
        model,
        x,
        y,
        steps=20,
        max_steps=20,
        batch_size=BATCH,
        early_stop_threshold=None,
    )
    assert len(found.losses) == 20 and np.isfinite(found.losses).all()
    assert not moved(before, values(model))

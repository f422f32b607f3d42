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


GROUPS = {
    "BERT": [
        ["token_embedding", "position_embedding", "segment_embedding"],
        ["transformer_layer_0"],
        ["pooled_dense"],
        ["logits"],
    ],
    "GPT-2": [["token_embedding", "position_embedding"], ["transformer_layer"]],
    "ViT": [["vit_patching"], ["vit_encoder"], ["predictions"]],
    "ResNet": [["conv1"], ["0_block0_1"], ["0_block0_2"], ["predictions"]],
}


@pytest.mark.parametrize("name", CLIENTS)
def test_groups_go_from_the_embeddings_to_the_head(name):
    model, _ = CLIENTS[name].make()
    found = ktk.models.layer_groups(model)
    assert len(found) == len(GROUPS[name])
    for group, parts in zip(found, GROUPS[name], strict=True):
        names = [layer.name for layer in group]
        assert all(any(part in one for one in names) for part in parts)


def test_an_encoder_of_several_blocks_is_opened():
    model = vit_of_three()
    found = [
        [layer.name.rstrip("_123") for layer in group]
        for group in ktk.models.layer_groups(model)
    ]
    block = ["transformer_block"]
    assert found[1:] == [block, block, [*block, "ln"], ["predictions"]]
    ktk.transfer.set_trainable(model, ktk.models.groups(2))
    trained = {w.path.split("/")[-2] for w in model.trainable_weights}
    assert {"ln", "predictions", "dense_1"} <= trained
    assert "patch_embedding" not in trained
    lowest = ktk.optimizers.layer_decay(model, 0.5)(model.weights[0])
    assert lowest == 0.5**4


def predicted(model, x):
    return keras.ops.convert_to_numpy(model(x))


@every_client
def test_a_copy_of_a_task_is_the_same_task(client):
    model, x = client.make()
    copy = ktk.transfer.clone(model, compile=False)
    assert type(copy) is type(model)
    assert type(copy.backbone) is type(model.backbone)
    assert ktk.models.layer_paths(copy) == ktk.models.layer_paths(model)
    np.testing.assert_array_equal(predicted(copy, x), predicted(model, x))


def test_training_a_copy_leaves_the_task_alone():
    model, x, y = compiled(CLIENTS["ViT"])
    before = values(model)
    copy = ktk.transfer.clone(model)
    fit(copy, x, y)
    assert not moved(before, values(model))
    assert moved(before, values(copy))


def test_a_task_that_is_compiled_with_more_is_refused():
    model, *_ = compiled(CLIENTS["GPT-2"])
    with pytest.raises(ValueError, match=r"'sampler'.*compile=False"):
        ktk.transfer.clone(model)


def test_a_copy_of_a_task_with_lora_has_lora():
    model, x, _ = compiled(CLIENTS["BERT"], lora=True)
    copy = ktk.transfer.clone(model)
    trained = [w.path for w in copy.trainable_weights]
    assert trained == [w.path for w in model.trainable_weights]
    np.testing.assert_array_equal(predicted(copy, x), predicted(model, x))


def test_a_preprocessor_is_copied():
    converter = keras_hub.layers.ViTImageConverter(image_size=(8, 8), scale=0.1)
    preprocessor = keras_hub.models.ViTImageClassifierPreprocessor(converter)
    model = vit_of_three()
    model.preprocessor = preprocessor
    copy = ktk.transfer.clone(model)
    assert copy.preprocessor is not preprocessor
    x = np.random.default_rng(0).random((2, 16, 16, 3)).astype("float32")
    np.testing.assert_array_equal(
        copy.predict(x, verbose=0), model.predict(x, verbose=0)
    )


@pytest.mark.parametrize("name", ["BERT", "ViT"])
def test_a_task_gets_a_new_head(name):
    model, x = CLIENTS[name].make()
    new = ktk.transfer.replace_head(
        model, keras.layers.Dense(3, name="new"), drop="head"
    )
    kernel, bias = new.get_layer("new").get_weights()
    kernel = np.zeros_like(kernel)
    kernel[0] = 1
    new.get_layer("new").set_weights([kernel, bias])
    old = model.layers[-1]
    weights = [np.zeros_like(w) for w in old.get_weights()]
    weights[0][0] = 1
    old.set_weights(weights)
    expected = predicted(model, x)[:, :1].repeat(3, 1)
    np.testing.assert_allclose(predicted(new, x), expected, atol=1e-5)


def test_a_language_model_gets_a_head_in_place_of_its_tied_one():
    model, x = CLIENTS["GPT-2"].make()
    head = [
        keras.layers.GlobalAveragePooling1D(name="pool"),
        keras.layers.Dense(3, name="new"),
    ]
    new = ktk.transfer.replace_head(model, head)
    assert predicted(new, x).shape == (ROWS, 3)

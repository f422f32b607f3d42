"""KerasHub's models in groups, copied, and with new heads."""

import keras
import keras_hub
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.keras_hub_clients import CLIENTS
from tests.helpers.keras_hub_clients import ROWS
from tests.helpers.keras_hub_clients import compiled
from tests.helpers.keras_hub_clients import every_client
from tests.helpers.keras_hub_clients import fit
from tests.helpers.keras_hub_clients import moved
from tests.helpers.keras_hub_clients import values
from tests.helpers.keras_hub_clients import vit_of_three

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

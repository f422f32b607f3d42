"""KerasHub's models go through what fits, samples, constrains and searches."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.keras_hub_clients import BATCH
from tests.helpers.keras_hub_clients import CLIENTS
from tests.helpers.keras_hub_clients import RATE
from tests.helpers.keras_hub_clients import ROWS
from tests.helpers.keras_hub_clients import Moved
from tests.helpers.keras_hub_clients import compiled
from tests.helpers.keras_hub_clients import every_client
from tests.helpers.keras_hub_clients import every_transformer
from tests.helpers.keras_hub_clients import fit
from tests.helpers.keras_hub_clients import moved
from tests.helpers.keras_hub_clients import values
from tests.helpers.keras_hub_clients import weights_of


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

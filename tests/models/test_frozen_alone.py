"""Which weights stay frozen when their layers are frozen and unfrozen."""

import keras
import pytest

import keras_trainkit as ktk
from keras_trainkit.models.frozen_alone import frozen_alone
from keras_trainkit.models.layer_tree import LayerTree
from keras_trainkit.models.trainable import train_no_longer
from keras_trainkit.models.trainable import train_only
from keras_trainkit.models.trainable import train_too
from tests.helpers import partly_frozen
from tests.helpers.partly_frozen import MODELS
from tests.helpers.partly_frozen import trained
from tests.models import zoo


def selected(tree, *names):
    return [layer for layer in tree.layers if layer.name in names]


def leaves(tree):
    return [one for one in tree.layers if not isinstance(one, keras.Model)]


@pytest.mark.parametrize("make, frozen", MODELS.values(), ids=MODELS)
def test_freezing_and_unfreezing_everything(make, frozen):
    tree = LayerTree(make())
    before = trained(tree.model)
    assert not before & frozen
    train_no_longer(tree, leaves(tree))
    assert trained(tree.model) == set()
    train_too(tree, leaves(tree))
    assert trained(tree.model) == before


@pytest.mark.parametrize("make, frozen", MODELS.values(), ids=MODELS)
def test_one_set_of_layers_after_another(make, frozen):
    tree = LayerTree(make())
    before = trained(tree.model)
    train_only(tree, selected(tree, "head"))
    assert trained(tree.model) == {"head/kernel", "head/bias"}
    train_only(tree, leaves(tree))
    assert trained(tree.model) == before


@pytest.mark.parametrize("make, frozen", MODELS.values(), ids=MODELS)
def test_each_reading_of_the_model_finds_the_same(make, frozen):
    model = make()
    before = trained(model)
    train_only(LayerTree(model), selected(LayerTree(model), "head"))
    train_only(LayerTree(model), selected(LayerTree(model), "head", "mix"))
    train_only(LayerTree(model), leaves(LayerTree(model)))
    assert trained(model) == before


def test_a_layer_frozen_whole_trains_wholly_again():
    model = partly_frozen.token_model()
    everything = trained(model)
    partly_frozen.layer(model, "hidden").trainable = False
    tree = LayerTree(model)
    train_too(tree, selected(tree, "hidden"))
    assert trained(model) == everything


def test_a_flag_set_to_true_by_the_user_counts_from_then_on():
    model = partly_frozen.with_a_frozen_kernel()
    tree = LayerTree(model)
    train_no_longer(tree, leaves(tree))
    partly_frozen.layer(model, "hidden").kernel.trainable = True
    train_only(tree, leaves(tree))
    assert "hidden/kernel" in trained(model)


def test_what_a_selection_froze_in_a_container_is_not_frozen_alone():
    """The block's own gate is frozen while the block's flag stays up."""
    model = zoo.block()
    everything = trained(model)
    tree = LayerTree(model)
    train_only(tree, selected(tree, "first"))
    assert frozen_alone(tree) == set()
    train_only(tree, leaves(tree))
    assert trained(model) == everything


def test_a_kernel_frozen_inside_a_composite():
    model = zoo.block()
    model.get_layer("block").first.kernel.trainable = False
    before = trained(model)
    tree = LayerTree(model)
    train_no_longer(tree, selected(tree, "block"))
    train_too(tree, selected(tree, "block"))
    assert trained(model) == before


def test_lora_keeps_its_base_frozen_after_the_layer_was_toggled_by_hand():
    model = partly_frozen.with_lora()
    model.trainable = False
    tree = LayerTree(model)
    train_only(tree, leaves(tree))
    assert not trained(model) & MODELS["lora"][1]
    assert "hidden/lora_kernel_a" in trained(model)


def test_a_copy_keeps_what_was_frozen_alone():
    model = partly_frozen.with_a_frozen_kernel()
    before = trained(model)
    train_only(LayerTree(model), [])
    copy = ktk.transfer.replace_head(model, keras.layers.Dense(1, name="head"))
    tree = LayerTree(copy)
    train_only(tree, leaves(tree))
    assert trained(copy) == before

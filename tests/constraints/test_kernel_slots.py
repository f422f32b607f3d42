import keras
import pytest
from keras import layers

from keras_trainkit.constraints.kernel_slots import kernel_slots
from keras_trainkit.models.layer_tree import LayerTree


def slots_of(model):
    return kernel_slots(LayerTree(model))


def model_of(*stack):
    return keras.Sequential([keras.Input((4, 3)), *stack])


def attention():
    x = keras.Input((4, 3))
    layer = layers.MultiHeadAttention(2, 3, name="attention")
    return keras.Model(x, layers.Dense(1, name="head")(layer(x, x)))


def test_the_projections_of_attention_are_one_slot_with_all_holders():
    model = attention()
    slots = slots_of(model)
    assert [slot.path for slot in slots] == ["attention/kernel", "head/kernel"]
    layer = model.get_layer("attention")
    holders = {id(holder) for holder, _ in slots[0].holders}
    dense = (layer.query_dense, layer.key_dense, layer.value_dense)
    assert holders == {id(part) for part in (layer, *dense, layer.output_dense)}


def test_the_configuration_of_each_part_of_attention_has_it_too():
    model = attention()
    slots_of(model)[0].set(keras.constraints.NonNeg())
    part = model.get_layer("attention").value_dense
    assert part.get_config()["kernel_constraint"]["class_name"] == "NonNeg"


def test_the_kernels_of_a_cell_are_named_after_its_layer():
    model = model_of(
        layers.LSTM(2, name="one", return_sequences=True),
        layers.RNN(layers.GRUCell(2, name="cell"), name="two"),
    )
    assert [slot.path for slot in slots_of(model)] == [
        "one/kernel",
        "one/recurrent_kernel",
        "two/cell/kernel",
        "two/cell/recurrent_kernel",
    ]


def test_the_path_leads_from_the_outermost_layer_down():
    each = layers.TimeDistributed(layers.Dense(2, name="dense"), name="each")
    inner = keras.Sequential([keras.Input((4, 3)), each], name="inner")
    (slot,) = slots_of(model_of(inner))
    assert slot.path == "inner/each/dense/kernel"
    assert slot.parts == [each.layer]


def test_the_parts_of_attention_are_its_projections_once_there_are_any():
    slot = slots_of(attention())[0]
    assert len(slot.parts) == 4
    assert all(isinstance(part, layers.EinsumDense) for part in slot.parts)
    unbuilt = layers.MultiHeadAttention(2, 3)
    (slot,) = slots_of(keras.Sequential([unbuilt]))
    assert slot.parts == [unbuilt]


class Doubled(layers.Dense):
    pass


def test_a_subclass_counts_as_its_parent():
    (slot,) = slots_of(model_of(Doubled(2, name="doubled")))
    assert (slot.path, slot.layout) == ("doubled/kernel", "standard")


@pytest.mark.parametrize(
    "layer",
    [
        layers.BatchNormalization(),
        layers.LayerNormalization(),
        layers.PReLU(),
        layers.Dropout(0.5),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_what_has_no_units_has_no_slot(layer):
    assert slots_of(model_of(layer)) == []

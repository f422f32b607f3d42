import keras
import pytest
from keras import layers

from keras_trainkit.constraints.kernel_slots import kernel_slots


def model_of(*stack):
    return keras.Sequential([keras.Input((4, 3)), *stack])


def attention():
    x = keras.Input((4, 3))
    layer = layers.MultiHeadAttention(2, 3, name="attention")
    return keras.Model(x, layers.Dense(1, name="head")(layer(x, x)))


def test_the_projections_of_attention_are_one_slot_with_all_holders():
    model = attention()
    slots = kernel_slots(model)
    assert [slot.path for slot in slots] == ["attention/kernel", "head/kernel"]
    layer = model.get_layer("attention")
    holders = {id(holder) for holder, _ in slots[0].holders}
    dense = (layer.query_dense, layer.key_dense, layer.value_dense)
    assert holders == {id(part) for part in (layer, *dense, layer.output_dense)}


def test_keras_still_keeps_the_constraint_of_attention_where_we_put_it():
    # `_kernel_constraint`: keras/src/layers/attention/multi_head_attention.py
    layer = layers.MultiHeadAttention(2, 3)
    layer._kernel_constraint = keras.constraints.NonNeg()
    config = layer.get_config()["kernel_constraint"]
    assert config["class_name"] == "NonNeg"
    layer.build((None, 4, 3), (None, 4, 3))
    assert layer.query_dense.kernel.constraint is layer._kernel_constraint


def test_the_configuration_of_each_part_of_attention_has_it_too():
    model = attention()
    kernel_slots(model)[0].set(keras.constraints.NonNeg())
    part = model.get_layer("attention").value_dense
    assert part.get_config()["kernel_constraint"]["class_name"] == "NonNeg"


def test_the_kernels_of_a_cell_are_named_after_its_layer():
    model = model_of(
        layers.LSTM(2, name="one", return_sequences=True),
        layers.RNN(layers.GRUCell(2, name="cell"), name="two"),
    )
    assert [slot.path for slot in kernel_slots(model)] == [
        "one/kernel",
        "one/recurrent_kernel",
        "two/cell/kernel",
        "two/cell/recurrent_kernel",
    ]


def test_the_lineage_leads_from_the_outermost_layer_down():
    inner = keras.Sequential(
        [keras.Input((4, 3)), layers.TimeDistributed(layers.Dense(2))],
        name="inner",
    )
    (slot,) = kernel_slots(model_of(inner))
    kinds = [type(layer).__name__ for _, layer in slot.lineage]
    assert kinds == ["Sequential", "TimeDistributed", "Dense"]
    paths = [path for path, _ in slot.lineage]
    assert paths[0] == "inner" and paths[2].startswith(f"{paths[1]}/")


class Doubled(layers.Dense):
    pass


def test_a_subclass_counts_as_its_parent():
    (slot,) = kernel_slots(model_of(Doubled(2, name="doubled")))
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
    assert kernel_slots(model_of(layer)) == []

import keras
import pytest

from keras_trainkit.diagnostics.shape_errors.scene import Scene
from keras_trainkit.diagnostics.shape_errors.sizes import carriers
from keras_trainkit.diagnostics.shape_errors.sizes import lines_about
from keras_trainkit.diagnostics.shape_errors.sizes import setters
from keras_trainkit.diagnostics.shape_errors.sizes import to_tell_apart
from tests.helpers.explained import Mixing
from tests.helpers.explained import values


def scene(*layers, text="shapes"):
    model = keras.Sequential([keras.Input((8,)), *layers])
    return Scene(ValueError(text), model)


def dense(units, name):
    return keras.layers.Dense(units, name=name)


def test_a_layer_that_hands_on_a_size_does_not_set_it():
    found = scene(
        dense(6, "wide"), keras.layers.ReLU(name="relu"), dense(1, "head")
    )
    assert [one.layer.name for one in setters(found, 6)] == ["wide"]
    texts = [one.text for one in carriers(found, 6)]
    assert texts[0] == "the output of 'wide' (Dense), its units"
    assert "the input of 'head' (Dense)" in texts


def test_a_weight_of_one_s_own_is_named():
    model = Mixing()
    model.inner.build((None, 8))
    found = carriers(Scene(ValueError("shapes"), model), 3)
    assert [one.text for one in found] == [
        "axis 1 of the weight 'mixing' of 'own', shape (5, 3)"
    ]


@pytest.mark.parametrize(
    "names, told",
    [(["one"], ""), (["one", "two"], "set units=7 in 'one' alone")],
)
def test_only_what_several_layers_have_is_told_apart(names, told):
    found = scene(*(dense(6, name) for name in names))
    assert told in to_tell_apart(found, [6])
    assert bool(to_tell_apart(found, [6])) == bool(told)


def test_the_free_size_is_one_that_no_layer_has():
    found = scene(dense(6, "one"), dense(6, "two"), dense(7, "three"))
    assert "set units=9 in 'one'" in to_tell_apart(found, [6])


def test_many_carriers_are_cut_short():
    found = scene(*(dense(6, f"layer_{i}") for i in range(9)))
    (line,) = lines_about(found, [6])
    assert line.endswith("more")


def test_a_batch_merged_with_an_axis_is_taken_apart():
    model = keras.Sequential([keras.Input((7, 3)), keras.layers.LSTM(2)])
    with pytest.raises(Exception) as raised:
        model.predict(values(10, 7, 5), verbose=0)
    found = [one.text for one in carriers(Scene(raised.value), 70)]
    assert found == ["10 rows x 7, an axis of `x`"]

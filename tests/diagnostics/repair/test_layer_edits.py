import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics.repair.layer_edits import EditedCopy
from keras_trainkit.diagnostics.repair.layer_edits import LayerEdits

pytestmark = pytest.mark.one_backend

L = keras.layers
X = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")


def nested():
    base = keras.Sequential(
        [keras.Input((3,)), L.Dense(4, name="one"), L.Dense(3, name="two")],
        name="base",
    )
    inputs = keras.Input((3,))
    normalization = L.Normalization(name="standard")
    normalization.adapt(X)
    x = base(normalization(inputs))
    shared = L.Dense(3, name="shared")
    outputs = L.Dense(1, name="head")(L.Add()([shared(x), shared(inputs)]))
    return keras.Model(inputs, outputs)


def same(first, second):
    pairs = zip(first.get_weights(), second.get_weights(), strict=True)
    return all(np.array_equal(one, other) for one, other in pairs)


def test_weights_are_drawn_anew_but_for_what_does_not_train():
    model = nested()
    model.get_layer("head").trainable = False
    new = EditedCopy(model, LayerEdits()).model
    assert same(new.get_layer("standard"), model.get_layer("standard"))
    assert same(new.get_layer("head"), model.get_layer("head"))
    assert not new.get_layer("head").trainable
    assert not same(new.get_layer("shared"), model.get_layer("shared"))
    assert not same(new.get_layer("base"), model.get_layer("base"))


def test_what_is_to_be_kept_is_kept():
    model = nested()
    new = EditedCopy(model, LayerEdits(), ["base"]).model
    assert same(new.get_layer("base"), model.get_layer("base"))
    assert not same(new.get_layer("shared"), model.get_layer("shared"))


def test_all_kept_the_copy_predicts_the_same_and_shares_nothing():
    model = nested()
    kept = ["base", "shared", "head"]
    new = EditedCopy(model, LayerEdits(), kept).model
    expected = model.predict(X, verbose=0)
    np.testing.assert_array_equal(new.predict(X, verbose=0), expected)
    new.set_weights([0 * one for one in new.get_weights()])
    np.testing.assert_array_equal(model.predict(X, verbose=0), expected)


def test_layers_inside_of_a_nested_model_are_changed():
    edits = LayerEdits()
    edits.set("base/one", units=9, activation="relu")
    edits.behind["base/one"] = [lambda name: L.Identity(name=f"after_{name}")]
    new = EditedCopy(nested(), edits).model
    base = new.get_layer("base")
    assert [one.name for one in base.layers] == ["one", "after_one", "two"]
    assert base.get_layer("one").units == 9


def test_all_readers_of_an_input_read_what_is_put_in_front():
    model = nested()
    edits = LayerEdits(in_front={0: lambda name: L.Rescaling(0.0, name=name)})
    kept = ["base", "shared", "head"]
    new = EditedCopy(model, edits, kept).model
    expected = model.predict(0 * X, verbose=0)
    np.testing.assert_allclose(new.predict(X, verbose=0), expected, rtol=1e-5)


def test_what_is_put_behind_a_shared_layer_is_shared():
    edits = LayerEdits(behind={"shared": [lambda n: L.Dense(3, name="more")]})
    new = EditedCopy(nested(), edits).model
    assert [one.name for one in new.layers].count("more") == 1


def test_a_layer_of_several_inputs_is_not_removed():
    model = nested()
    name = next(o.name for o in model.layers if isinstance(o, L.Add))
    with pytest.raises(ValueError, match="one input"):
        EditedCopy(model, LayerEdits(removed={name}))


def test_an_argument_that_a_layer_has_not_is_refused():
    edits = LayerEdits()
    edits.set("head", rate=0.5)
    with pytest.raises(ValueError, match="argument 'rate'"):
        EditedCopy(nested(), edits)

import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics import Repair
from keras_trainkit.diagnostics import apply_repairs

pytestmark = pytest.mark.one_backend

L = keras.layers
RNG = np.random.default_rng(0)
X = (RNG.normal(size=(30, 3)) * [1, 10, 1000] + 5).astype("float32")
Y = (X @ [1.0, 1.0, 0.1] + 300).astype("float32")


def patient(shape=(3,), dtype="float32", *first):
    model = keras.Sequential(
        [keras.Input(shape, dtype=dtype), *first, L.Flatten(), L.Dense(1)]
    )
    model.compile("sgd", "mse")
    return model


def normalization(model):
    return next(one for one in model.layers if isinstance(one, L.Normalization))


def test_columns_are_standardised_inside_of_the_copy():
    new = apply_repairs(patient(), [Repair("standardize")], X, Y).model
    layer = normalization(new)
    found = keras.ops.convert_to_numpy(layer(X))
    expected = (X - X.mean(0)) / X.std(0)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)
    assert new.layers[0] is layer


def test_pixels_have_one_scale():
    x = RNG.integers(0, 256, size=(20, 8, 8, 1)).astype("uint8")
    model = patient((8, 8, 1))
    new = apply_repairs(model, [Repair("standardize")], x, Y[:20]).model
    found = keras.ops.convert_to_numpy(normalization(new)(x.astype("float32")))
    expected = (x - x.mean()) / x.std()
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


def test_an_input_of_several_is_meant_by_its_name():
    one, two = keras.Input((3,), name="one"), keras.Input((3,), name="two")
    outputs = L.Dense(1)(L.Add()([one, two]))
    model = keras.Model({"one": one, "two": two}, outputs)
    model.compile("sgd", "mse")
    x = {"one": X, "two": X}
    repairs = [Repair("standardize", None, "two")]
    new = apply_repairs(model, repairs, x, Y).model
    layers = [o for o in new.layers if isinstance(o, L.Normalization)]
    assert len(layers) == 1
    weights = new.layers[-1].get_weights()
    by_hand = X + (X - X.mean(0)) / X.std(0)
    np.testing.assert_allclose(
        new.predict(x, verbose=0),
        by_hand @ weights[0] + weights[1],
        rtol=1e-3,
        atol=1e-2,
    )


REFUSED = {
    "words": lambda: (patient((3,), "int32", L.Embedding(9, 2)), X % 9),
    "standardised ones": lambda: (
        patient((3,), "float32", L.BatchNormalization()),
        X,
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_is_not_to_be_standardised_is_refused(case):
    model, x = case()
    with pytest.raises(ValueError, match="inputs of numbers"):
        apply_repairs(model, [Repair("standardize")], x, Y)


SCALES = {
    None: lambda y: (y - y.mean()) / y.std(),
    "unit": lambda y: (y - y.min()) / (y.max() - y.min()),
    "signed": lambda y: 2 * (y - y.min()) / (y.max() - y.min()) - 1,
}


@pytest.mark.parametrize("value", SCALES, ids=str)
def test_targets_are_scaled_and_the_score_scales_back(value):
    model = patient()
    repaired = apply_repairs(model, [Repair("scale_targets", value)], X, Y)
    expected = SCALES[value](Y.astype("float64"))
    np.testing.assert_allclose(repaired.y, expected, atol=1e-5)
    kernel = np.array([[1.0], [1.0], [0.1]])
    scale = expected.std() / Y.std()
    shift = expected[0] - scale * Y[0]
    repaired.model.layers[-1].set_weights(
        [kernel * scale, np.array([300 * scale + shift])]
    )
    assert repaired.score(X, Y) == pytest.approx(1, abs=1e-3)


def test_classes_are_not_scaled():
    y = np.arange(30) % 3
    with pytest.raises(ValueError, match="measured values"):
        apply_repairs(patient(), [Repair("scale_targets")], X, y)


def test_labels_from_one_are_written_from_zero():
    y = np.arange(30) % 3 + 1
    repaired = apply_repairs(patient(), [Repair("targets", "from_zero")], X, y)
    np.testing.assert_array_equal(repaired.y, y - 1)


def test_a_column_is_made_flat():
    repaired = apply_repairs(
        patient(), [Repair("targets", "flat")], X, Y[:, None]
    )
    np.testing.assert_array_equal(repaired.y, Y)

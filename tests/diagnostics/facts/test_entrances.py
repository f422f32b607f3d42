import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics.facts.entrances import entrances
from keras_trainkit.diagnostics.facts.subject import Subject

pytestmark = pytest.mark.one_backend
LAYERS = keras.layers
X = np.random.default_rng(0).uniform(0, 9, size=(20, 8))


def adapted():
    layer = LAYERS.Normalization()
    layer.adapt(X)
    return layer


def entrance(*layers, x=X):
    model = keras.Sequential([keras.Input(x.shape[1:]), *layers])
    return entrances(Subject(model, x))[0]


@pytest.mark.parametrize(
    "kind, make",
    [
        ("dense", lambda: [LAYERS.Dense(2)]),
        ("dense", lambda: [LAYERS.Rescaling(0.1), LAYERS.Dense(2)]),
        ("dense", lambda: [LAYERS.Dropout(0.1), LAYERS.Dense(2)]),
        ("normalized", lambda: [adapted(), LAYERS.Dense(2)]),
        ("dense", lambda: [LAYERS.Normalization(), LAYERS.Dense(2)]),
        ("normalized", lambda: [LAYERS.BatchNormalization(), LAYERS.Dense(2)]),
        ("normalized", lambda: [LAYERS.Dense(2), LAYERS.BatchNormalization()]),
        ("embedding", lambda: [LAYERS.Embedding(9, 2)]),
        ("recurrent", lambda: [LAYERS.Reshape((4, 2)), LAYERS.GRU(2)]),
        ("unknown", lambda: [LAYERS.Lambda(lambda v: v), LAYERS.Dense(2)]),
    ],
)
def test_what_an_input_meets(kind, make):
    assert entrance(*make()).kind == kind


def test_values_are_those_behind_a_rescaling():
    found = entrance(LAYERS.Rescaling(0.5, offset=1.0), LAYERS.Dense(2))
    np.testing.assert_allclose(found.facts.mean, (X * 0.5 + 1).mean(0))
    np.testing.assert_allclose(found.seen, X * 0.5 + 1)


def test_several_inputs_keep_their_places():
    words, numbers = keras.Input((8,)), keras.Input((3,))
    pooled = LAYERS.GlobalAveragePooling1D()(LAYERS.Embedding(9, 2)(words))
    hidden = LAYERS.Dense(2, name="hidden")(numbers)
    model = keras.Model(
        [numbers, words], LAYERS.Concatenate()([pooled, hidden])
    )
    found = entrances(Subject(model, [X[:, :3], X.astype(int)]))
    assert [one.kind for one in found] == ["dense", "embedding"]
    assert found[0].where == "hidden"


def test_one_input_that_is_read_twice():
    given = keras.Input((8,))
    scaled = LAYERS.BatchNormalization()(given)
    model = keras.Model(
        given, LAYERS.Concatenate()([LAYERS.Dense(2)(given), scaled])
    )
    assert entrances(Subject(model, X))[0].kind == "normalized"

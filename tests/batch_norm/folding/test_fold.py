import keras
import numpy as np
import pytest

from keras_trainkit.batch_norm.folding.fold import fold
from tests.helpers.arrays import to_numpy
from tests.helpers.normalized import assert_alike
from tests.helpers.normalized import norm
from tests.helpers.normalized import trained

layers = keras.layers
Dense = layers.Dense


class Subclassed(keras.Model):
    """A user's model."""

    def __init__(self):
        super().__init__()
        self.dense, self.norm = Dense(5), norm()

    def call(self, x):
        return self.norm(self.dense(x))


def small():
    return trained(
        keras.Sequential(
            [
                keras.Input((6,)),
                Dense(5, use_bias=False, name="hidden"),
                norm(),
                layers.ReLU(),
                norm("second"),
                Dense(2, name="head"),
            ]
        )
    )


@pytest.mark.parametrize(
    "make, error, match",
    [
        (lambda: "a name", TypeError, "a Sequential or functional model"),
        (Subclassed, TypeError, "fold the functional models that it holds"),
        (
            lambda: keras.Sequential([Dense(2), norm()]),
            ValueError,
            "built, that is",
        ),
        (
            lambda: keras.Sequential([keras.Input((6,)), Dense(2)]),
            ValueError,
            "one with a BatchNormalization to fold",
        ),
    ],
    ids=["no model", "subclassed", "not built", "nothing to fold"],
)
def test_what_is_no_model_to_fold(make, error, match):
    with pytest.raises(error, match=match):
        fold(make())


@pytest.mark.one_backend
def in_pairs(*stack):
    """Returns layers, each with a normalisation behind it."""
    return [one for layer in stack for one in (layer, norm(name=None))]


# Each kind of layer once. Case by case they are tested on one backend.
KINDS = {
    "one axis": (
        (9, 4),
        lambda: in_pairs(
            layers.Conv1D(4, 2, padding="causal"),
            layers.DepthwiseConv1D(2),
            layers.SeparableConv1D(4, 2),
            layers.Conv1DTranspose(4, 2),
            layers.EinsumDense("abc,cd->abd", (None, 4), bias_axes="d"),
            Dense(4),
        ),
    ),
    "two axes": (
        (6, 6, 4),
        lambda: [
            norm(name=None),
            *in_pairs(
                layers.Conv2D(4, 2, groups=2),
                layers.DepthwiseConv2D(2),
                layers.SeparableConv2D(4, 2),
                layers.Conv2DTranspose(4, 2),
            ),
        ],
    ),
    "three axes": (
        (3, 3, 3, 2),
        lambda: in_pairs(layers.Conv3D(2, 2), layers.Conv3DTranspose(2, 2)),
    ),
}


@pytest.mark.parametrize("shape, make", KINDS.values(), ids=KINDS)
def test_every_kind_of_layer(shape, make):
    model = trained(keras.Sequential([keras.Input(shape), *make()]))
    folding = fold(model)
    assert folding.left == {} and len(folding.folded) >= len(make()) // 2
    assert folding.largest_difference < 1e-5
    assert_alike(model, folding.model, shape)


@pytest.mark.one_backend
def test_a_sample_is_what_it_is_compared_on():
    model = small()
    sample = np.full((3, 6), 1e4, "float32")
    assert fold(model, sample).largest_difference < 1e-5
    with pytest.raises(ValueError):
        fold(model, np.ones((3, 7), "float32"))


@pytest.mark.one_backend
def test_inputs_of_which_no_sample_can_be_drawn():
    x = keras.Input((4,), dtype="int32")
    y = norm()(Dense(5)(layers.Embedding(7, 3)(x)))
    model = trained(keras.Model(x, y))
    assert fold(model).largest_difference is None
    sample = np.arange(8).reshape(2, 4) % 7
    assert fold(model, sample).largest_difference < 1e-5


def test_it_is_saved_and_loaded(tmp_path):
    model = small()
    new = fold(model).model
    new.save(tmp_path / "folded.keras")
    loaded = keras.saving.load_model(tmp_path / "folded.keras")
    assert [one.name for one in loaded.layers] == [
        one.name for one in new.layers
    ]
    assert_alike(model, loaded, (6,))


@pytest.mark.one_backend
def test_it_is_quantized():
    model = small()
    new = fold(model).model
    new.quantize("int8")
    modes = {one.quantization_mode for one in new.layers if one.weights}
    assert modes == {"int8"}
    x = np.random.default_rng(0).normal(size=(20, 6)).astype("float32")
    expected, received = (to_numpy(one(x)) for one in (model, new))
    assert np.abs(received - expected).max() < 0.05 * np.abs(expected).max()


if keras.backend.backend() == "tensorflow":

    def test_it_is_exported(tmp_path):
        import tensorflow as tf

        model = small()
        fold(model).model.export(tmp_path / "served", verbose=False)
        served = tf.saved_model.load(tmp_path / "served")
        x = np.random.default_rng(0).normal(size=(3, 6)).astype("float32")
        np.testing.assert_allclose(
            served.serve(x), to_numpy(model(x)), rtol=1e-5, atol=1e-5
        )


@pytest.mark.one_backend
def test_the_table_is_printed(capsys):
    print(fold(small()))
    out = capsys.readouterr().out
    assert "2 of 2 BatchNormalization folded" in out
    assert "second  folded into  head" in out


@pytest.mark.one_backend
def test_mobile_net():
    model = keras.applications.MobileNetV3Small(
        weights=None,
        input_shape=(32, 32, 3),
        alpha=0.35,
        minimalistic=True,
        include_top=False,
        pooling="avg",
    )
    folding = fold(trained(model))
    assert folding.left == {} and len(folding.folded) == 34
    assert folding.largest_difference < 1e-5

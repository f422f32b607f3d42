import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.tanh_net import tanh_net

layer_decay = ktk.optimizers.layer_decay
BLOCKS, WIDTH, TOKENS = 3, 4, 5


@keras.saving.register_keras_serializable(package="keras_trainkit_tests")
class DecayBlock(keras.layers.Layer):
    """A transformer block as one layer."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.norm = keras.layers.LayerNormalization()
        self.attention = keras.layers.MultiHeadAttention(1, WIDTH)
        self.mlp = keras.layers.Dense(WIDTH)

    def build(self, shape):
        self.norm.build(shape)
        self.attention.build(shape, shape)
        self.mlp.build(shape)
        self.built = True

    def call(self, x):
        h = self.norm(x)
        x = x + self.attention(h, h)
        return x + self.mlp(x)


def transformer():
    inputs = keras.Input((TOKENS,), dtype="int32")
    x = keras.layers.Embedding(7, WIDTH, name="embedding")(inputs)
    for i in range(BLOCKS):
        x = DecayBlock(name=f"block_{i}")(x)
    x = keras.layers.LayerNormalization(name="last_norm")(x)
    x = keras.layers.GlobalAveragePooling1D()(x)
    return keras.Model(inputs, keras.layers.Dense(2, name="head")(x))


def test_a_transformers_layers_are_counted_as_in_beit():
    model, decay = transformer(), 0.65
    found = layer_decay(model, decay)
    layers = {layer.name: layer for layer in model.layers}
    # BEiT: decay ** (num_layers - 1 - layer), the embeddings layer 0, blocks
    # from 1, the head last; num_layers is the number of blocks plus 2.
    for i in range(BLOCKS):
        weights = layers[f"block_{i}"].weights
        rates = [decay ** (BLOCKS + 1 - (i + 1))] * len(weights)
        assert [found(w) for w in weights] == pytest.approx(rates)
    assert found(layers["embedding"].weights[0]) == pytest.approx(
        decay ** (BLOCKS + 1)
    )
    assert found(layers["head"].kernel) == 1.0


def test_every_weight_has_one_and_they_rise_to_the_head():
    model = tanh_net()
    found = layer_decay(model, 0.5)
    rates = [found(weight) for weight in model.weights]
    assert rates == [0.25, 0.25, 0.5, 0.5, 1.0, 1.0]


def test_it_trains_at_these_rates():
    model = tanh_net()
    optimizer = ktk.optimizers.LayerwiseLearningRate(
        keras.optimizers.SGD(0.1), layer_decay(model, 0.5)
    )
    model.compile(optimizer, "mse", jit_compile=False)
    before = model.get_weights()
    x, y = np.ones((4, 8), "float32"), np.ones((4, 1), "float32")
    model.fit(x, y, epochs=1, verbose=0)
    ours = [b - a for a, b in zip(before, model.get_weights(), strict=True)]
    plain = tanh_net()
    plain.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=False)
    plain.fit(x, y, epochs=1, verbose=0)
    theirs = [b - a for a, b in zip(before, plain.get_weights(), strict=True)]
    for a, b, rate in zip(
        ours, theirs, [0.25, 0.25, 0.5, 0.5, 1, 1], strict=True
    ):
        np.testing.assert_allclose(a, rate * b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("decay", [0.0, -0.5, 1.5, float("nan")])
def test_a_decay_out_of_range_is_refused(decay):
    with pytest.raises(ValueError, match="decay"):
        layer_decay(tanh_net(), decay)


def test_types_that_are_refused():
    with pytest.raises(TypeError, match="decay"):
        layer_decay(tanh_net(), "slow")
    with pytest.raises(TypeError, match="model"):
        layer_decay("model")

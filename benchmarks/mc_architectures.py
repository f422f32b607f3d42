"""Models of many forms for `mc_predict.py architectures`, and the plain loop.

Each entry of `ARCHITECTURES` is `(make, samples)`: `make()` returns a model
that is built, and its inputs of `ROWS` rows.
"""

import keras
import numpy as np

L = keras.layers
ROWS = 32


class OwnMLP(keras.Model):
    """Subclassed: nothing is known of its `call`."""

    def __init__(self):
        super().__init__()
        self.hidden = [L.Dense(128, activation="relu") for _ in range(2)]
        self.drops = [L.Dropout(0.3) for _ in range(2)]
        self.head = L.Dense(10, activation="softmax")

    def call(self, x, training=None):
        for dense, drop in zip(self.hidden, self.drops, strict=True):
            x = drop(dense(x), training=training)
        return self.head(x)


class Block(L.Layer):
    """A Transformer block of a user's own."""

    def __init__(self, width):
        super().__init__()
        self.attend = L.MultiHeadAttention(4, width // 4, dropout=0.1)
        self.norms = [L.LayerNormalization() for _ in range(2)]
        self.wide = L.Dense(2 * width, activation="gelu")
        self.narrow, self.drop = L.Dense(width), L.Dropout(0.1)

    def build(self, shape):
        self.attend.build(shape, shape)
        for norm in self.norms:
            norm.build(shape)
        self.wide.build(shape)
        self.narrow.build((*shape[:-1], self.wide.units))
        self.built = True

    def call(self, x, training=None):
        h = self.norms[0](x)
        x = x + self.attend(h, h, training=training)
        h = self.narrow(self.wide(self.norms[1](x)))
        return x + self.drop(h, training=training)


class ScaledNoise(L.Layer):
    """Draws whatever `training` is."""

    def __init__(self):
        super().__init__()
        self.seeds = keras.random.SeedGenerator(0)

    def call(self, x):
        return x * keras.random.uniform(
            keras.ops.shape(x), 0.9, 1.1, seed=self.seeds
        )


def numbers(*shape):
    values = np.random.default_rng(0).normal(size=(ROWS, *shape))
    return values.astype("float32")


def sequential(shape, *layers):
    return keras.Sequential([keras.Input(shape), *layers]), numbers(*shape)


def dense_and_dropout(units=128):
    return [L.Dense(units, activation="relu"), L.Dropout(0.3)]


def mlp(*behind):
    layers = [*dense_and_dropout(), *dense_and_dropout(), *behind]
    return sequential((64,), *layers, L.Dense(10, activation="softmax"))


def subclassed_mlp():
    model, x = OwnMLP(), numbers(64)
    model(x)
    return model, x


def mlp_with_lambda():
    return mlp(L.Lambda(lambda x: x * keras.ops.sigmoid(x)))


def mlp_with_ops():
    x = keras.Input((64,))
    h = x
    for layer in [*dense_and_dropout(), *dense_and_dropout()]:
        h = layer(h)
    h = keras.ops.sum(keras.ops.reshape(h, (-1, 8, 16)), axis=1)
    return keras.Model(x, L.Dense(10, "softmax")(h)), numbers(64)


def transformer():
    embed = [L.Dense(32), L.Dropout(0.1)]
    pool = [L.GlobalAveragePooling1D(), L.Dense(10, activation="softmax")]
    return sequential((16, 8), *embed, Block(32), Block(32), *pool)


def keras_attention():
    x = keras.Input((16, 8))
    h = L.Dense(32)(x)
    for _ in range(2):
        a = L.MultiHeadAttention(4, 8, dropout=0.1)(h, h)
        h = L.LayerNormalization()(h + L.Dropout(0.1)(a))
    h = L.GlobalAveragePooling1D()(h)
    return keras.Model(x, L.Dense(10, "softmax")(h)), numbers(16, 8)


def time_distributed():
    inner = keras.Sequential([keras.Input((16,)), *dense_and_dropout(32)])
    pool = [L.GlobalAveragePooling1D(), L.Dense(10, activation="softmax")]
    return sequential((10, 16), L.TimeDistributed(inner), *pool)


def nested():
    inner = keras.Sequential([keras.Input((64,)), *dense_and_dropout(64)])
    x = keras.Input((64,))
    h = inner(inner(x) + x)
    return keras.Model(x, L.Dense(10, "softmax")(h)), numbers(64)


def residual():
    x = keras.Input((64,))
    h = L.Dense(64)(x)
    for _ in range(4):
        inner = L.Dropout(0.2)(L.Dense(64, "relu")(h))
        h = L.LayerNormalization()(h + inner)
    return keras.Model(x, L.Dense(10, "softmax")(h)), numbers(64)


def convolutional():
    layers = [
        *(L.Conv2D(16, 3, activation="relu"), L.BatchNormalization()),
        *(L.SpatialDropout2D(0.2), L.Conv2D(16, 3, activation="relu")),
        *(L.MaxPooling2D(), L.Flatten(), *dense_and_dropout(64)),
    ]
    return sequential((16, 16, 3), *layers, L.Dense(10, activation="softmax"))


def lstm():
    recurrent = L.LSTM(32, dropout=0.2, recurrent_dropout=0.2)
    return sequential((12, 8), recurrent, L.Dense(1))


def gru():
    layers = [L.GRU(32, return_sequences=True), L.Dropout(0.2), L.GRU(16)]
    return sequential((12, 8), *layers, L.Dropout(0.2), L.Dense(1))


def several_inputs_and_outputs():
    a, b = keras.Input((32,)), keras.Input((16,))
    h = L.Concatenate()([L.Dense(64, "relu")(a), L.Dense(64, "relu")(b)])
    h = L.Dropout(0.3)(h)
    outputs = {
        "classes": L.Dense(5, "softmax")(h),
        "value": L.Dense(1)(L.Dropout(0.3)(L.Dense(64, "relu")(h))),
    }
    return keras.Model([a, b], outputs), [numbers(32), numbers(16)]


class ConvolutionalBlock(L.Layer):
    """A residual block of a user's own."""

    def __init__(self, filters):
        super().__init__()
        options = {"padding": "same", "use_bias": False}
        self.convolve = [L.Conv2D(filters, 3, **options) for _ in range(2)]
        self.norms = [L.BatchNormalization() for _ in range(2)]
        self.drop = L.Dropout(0.2)

    def build(self, shape):
        for layer in (*self.convolve, *self.norms):
            layer.build(shape)
        self.built = True

    def call(self, x, training=None):
        h = keras.ops.relu(
            self.norms[0](self.convolve[0](x), training=training)
        )
        h = self.convolve[1](self.drop(h, training=training))
        return keras.ops.relu(x + self.norms[1](h, training=training))


def own_convolutional_blocks():
    blocks = [ConvolutionalBlock(16), ConvolutionalBlock(16)]
    pool = [L.GlobalAveragePooling2D(), L.Dense(10, activation="softmax")]
    return sequential((16, 16, 3), L.Conv2D(16, 3), *blocks, *pool)


def own_noise():
    return mlp(ScaledNoise())


def shared_mask():
    return mlp(L.Dropout(0.3, noise_shape=(1, None)))


def small_mlp():
    layers = [L.Dense(64, activation="relu"), L.Dropout(0.5)]
    return sequential((8,), *layers, L.Dense(1))


ARCHITECTURES = {
    "MLP": (mlp, 200),
    "small MLP": (small_mlp, 20),
    "subclassed MLP": (subclassed_mlp, 200),
    "Lambda behind": (mlp_with_lambda, 200),
    "ops.reshape and sum": (mlp_with_ops, 200),
    "nested": (nested, 100),
    "residual": (residual, 100),
    "Transformer of own blocks": (transformer, 50),
    "attention of Keras": (keras_attention, 50),
    "TimeDistributed": (time_distributed, 50),
    "convolutional": (convolutional, 20),
    "convolutional blocks of own": (own_convolutional_blocks, 20),
    "LSTM": (lstm, 50),
    "GRU": (gru, 50),
    "several inputs and outputs": (several_inputs_and_outputs, 100),
    "own noise": (own_noise, 100),
    "mask for all rows": (shared_mask, 100),
}


def compiled_loop(model, x, samples):
    """Returns the textbook loop as its author would compile it."""
    one = _one_sample(model)

    def loop():
        drawn = [
            keras.tree.map_structure(_to_numpy, one(x)) for _ in range(samples)
        ]
        return keras.tree.map_structure(_mean, *drawn)

    return loop


def _to_numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


def _mean(*samples):
    return np.stack(samples).mean(axis=0)


def _one_sample(model):
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.function(lambda x: model(x, training=True), jit_compile=True)
    if backend == "torch":
        import torch

        return torch.no_grad()(lambda x: model(x, training=True))
    return _jitted(model)


def _jitted(model):
    import jax

    trained = [v.value for v in model.trainable_variables]
    state = [v.value for v in model.non_trainable_variables]
    step = jax.jit(
        lambda trained, state, x: model.stateless_call(
            trained, state, x, training=True
        )
    )

    def one(x):
        nonlocal state
        outputs, state = step(trained, state, x)
        return outputs

    return one

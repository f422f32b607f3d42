"""Small models with every way to drop, without batch normalisation.

Their rows are independent in training, so one call with `training=True` on a
batch of equal rows gives as many samples.
"""

import keras
import numpy as np

import keras_trainkit as ktk

L = keras.layers
TIME, FEATURES = 5, 6


@keras.saving.register_keras_serializable(package="keras_trainkit_tests")
class Subclassed(keras.Model):
    """Not a graph: nothing is known of its `call`."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.drop = L.Dropout(0.4)
        self.head = L.Dense(2)

    def call(self, x, training=False):
        return self.head(self.drop(x, training=training))


@keras.saving.register_keras_serializable(package="keras_trainkit_tests")
class OwnDropout(keras.layers.Dropout):
    """A user's dropout, with a `call` of its own that counts its calls."""

    calls = 0

    def call(self, inputs, training=False):
        type(self).calls += 1
        return 1 + super().call(inputs, training=training)


@keras.saving.register_keras_serializable(package="keras_trainkit_tests")
class Noisy(keras.layers.Layer):
    """A user's layer that draws whatever `training` is."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.my_generator = keras.random.SeedGenerator(3)

    def call(self, inputs):
        shape = keras.ops.shape(inputs)
        return inputs + keras.random.normal(shape, seed=self.my_generator)


def flat(*layers, units=2):
    return keras.Sequential([keras.Input((FEATURES,)), *layers, L.Dense(units)])


def sequence(*layers):
    shape = (TIME, FEATURES)
    return keras.Sequential([keras.Input(shape), *layers, L.Dense(2)])


def nested():
    inner = keras.Sequential(
        [keras.Input((4,)), L.Dense(5, "tanh"), L.Dropout(0.3), L.Dense(4)]
    )
    x = keras.Input((FEATURES,))
    h = L.Dense(4, "tanh")(x)
    y = inner(h) + h
    return keras.Model(x, L.Dense(2)(inner(y)))


def shared():
    drop, dense = L.Dropout(0.3), L.Dense(4, "tanh")
    x = keras.Input((FEATURES,))
    a, b = drop(dense(x)), drop(dense(2 * x))
    return keras.Model(x, L.Dense(2)(L.Concatenate()([a, b])))


def attention(layer):
    x = keras.Input((TIME, FEATURES))
    y = layer([x, x]) if isinstance(layer, L.Attention) else layer(x, x)
    return keras.Model(x, L.GlobalAveragePooling1D()(y))


def masked():
    x = keras.Input((TIME, FEATURES))
    h = L.Dropout(0.3)(L.Masking()(x))
    return keras.Model(x, L.LSTM(3)(h))


def images(*layers):
    shape = (4, 4, 3)
    head = [L.Flatten(), L.Dense(2)]
    return keras.Sequential([keras.Input(shape), *layers, *head])


FLAT = {
    "dropout": lambda: flat(L.Dropout(0.5)),
    "dropout after a trunk": lambda: flat(L.Dense(4, "tanh"), L.Dropout(0.2)),
    "dropout of columns": lambda: flat(
        L.Reshape((2, 3)), L.Dropout(0.4, noise_shape=(None, 1, None))
    ),
    "alpha": lambda: flat(L.AlphaDropout(0.3)),
    "gaussian": lambda: flat(L.GaussianDropout(0.3)),
    "monte carlo layers": lambda: flat(
        ktk.layers.MCDropout(0.3),
        ktk.layers.MCAlphaDropout(0.2),
        ktk.layers.MCGaussianDropout(0.2),
    ),
    "nested": nested,
    "shared": shared,
    "subclassed": Subclassed,
    "a user's dropout": lambda: flat(OwnDropout(0.4)),
    "a user's noise before": lambda: flat(Noisy(), L.Dropout(0.4)),
    "not tiled": lambda: flat(
        L.Dropout(0.3), L.Lambda(lambda x: x * 2), L.Dropout(0.3)
    ),
}
SEQUENCE = {
    "spatial": lambda: sequence(L.SpatialDropout1D(0.4)),
    "lstm": lambda: sequence(L.LSTM(3, dropout=0.3, recurrent_dropout=0.3)),
    "lstm, inputs only": lambda: sequence(L.LSTM(3, dropout=0.5)),
    "gru": lambda: sequence(L.GRU(3, dropout=0.3, recurrent_dropout=0.2)),
    "simple": lambda: sequence(L.SimpleRNN(3, dropout=0.4)),
    "stacked cells": lambda: sequence(
        L.RNN([L.LSTMCell(3, dropout=0.4), L.GRUCell(2, dropout=0.2)])
    ),
    "bidirectional": lambda: sequence(L.Bidirectional(L.GRU(2, dropout=0.4))),
    "time distributed": lambda: sequence(
        L.TimeDistributed(L.Dropout(0.4)), L.GlobalAveragePooling1D()
    ),
    "attention": lambda: attention(L.Attention(dropout=0.4)),
    "additive": lambda: attention(L.AdditiveAttention(dropout=0.4)),
    "multi-head": lambda: attention(L.MultiHeadAttention(2, 3, dropout=0.4)),
    "grouped query": lambda: attention(
        L.GroupQueryAttention(3, 2, 1, dropout=0.4)
    ),
    "masked": masked,
}
IMAGES = {
    "conv lstm": lambda: images(
        L.ConvLSTM1D(2, 2, dropout=0.4, recurrent_dropout=0.2)
    ),
    "spatial 2d": lambda: images(L.Conv2D(3, 2), L.SpatialDropout2D(0.4)),
}
SHAPES = {
    **dict.fromkeys(FLAT, (FEATURES,)),
    **dict.fromkeys(SEQUENCE, (TIME, FEATURES)),
    **dict.fromkeys(IMAGES, (4, 4, 3)),
}
ZOO = {**FLAT, **SEQUENCE, **IMAGES}


def model_and_data(name, rows):
    """Returns the model, built, and rows that differ."""
    keras.utils.set_random_seed(5)
    model = ZOO[name]()
    x = np.random.default_rng(1).normal(size=(rows, *SHAPES[name]))
    x = x.astype("float32")
    if name == "masked":
        x[:, -2:] = 0
    if not model.built:
        model(x[:1])
    return model, x


def training_samples(model, x, count):
    """Returns `count` outputs for each row in training mode, as float64."""
    many = np.repeat(x, count, axis=0)
    outputs = InTraining(model).predict(many, batch_size=len(many), verbose=0)
    shape = (len(x), count, *outputs.shape[1:])
    return outputs.astype("float64").reshape(shape)


class InTraining(keras.Model):
    """Runs a model in training mode, compiled."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def call(self, x):
        return self.model(x, training=True)

"""Networks on series: forecasts, classes of signals, anomalies."""

import keras
from keras import layers

from tests.corpus import arrays
from tests.corpus.program import Program


def _forecast(model, ahead=1, **kwargs):
    """A series standardised by its first part; the rest is held out."""
    series = arrays.temperatures()
    series = (series - series[:500].mean()) / series[:500].std()
    x, y = arrays.windows(series, 24, ahead)
    train, held_out = arrays.held_out(x, y, 500)
    return Program(
        model, *train, validation_data=held_out, task="regression", **kwargs
    )


def _signals(model, **kwargs):
    train, held_out = arrays.held_out(*arrays.signals(), 320)
    return Program(
        model, *train, validation_data=held_out, task="classes", **kwargs
    )


def forecast_lstm():
    model = keras.Sequential(
        [layers.Input((24, 1)), layers.LSTM(32), layers.Dense(1)]
    )
    model.compile(keras.optimizers.Adam(1e-3), "mse", metrics=["mae"])
    return _forecast(model, epochs=30)


def forecast_gru_several_days():
    model = keras.Sequential(
        [
            layers.Input((24, 1)),
            layers.GRU(32, return_sequences=True, recurrent_dropout=0.1),
            layers.GRU(32),
            layers.Dense(7),
        ]
    )
    model.compile(
        keras.optimizers.RMSprop(1e-3, clipnorm=1.0), "mae", metrics=["mse"]
    )
    return _forecast(model, ahead=7, epochs=20)


def forecast_dilated_convolutions():
    model = keras.Sequential([layers.Input((24, 1))])
    for rate in (1, 2, 4, 8):
        model.add(
            layers.Conv1D(
                20, 2, padding="causal", activation="relu", dilation_rate=rate
            )
        )
    model.add(layers.Flatten())
    model.add(layers.Dense(1))
    model.compile("adam", keras.losses.Huber(), metrics=["mae"])
    return _forecast(model, epochs=30)


def forecast_residual_dense():
    """Blocks that explain a part of the window each, and pass on the rest."""
    inputs = keras.Input((24, 1))
    rest, sums = layers.Flatten()(inputs), []
    for _ in range(3):
        z = layers.Dense(64, "relu", kernel_initializer="he_normal")(rest)
        z = layers.Dense(64, "relu", kernel_initializer="he_normal")(z)
        rest = layers.Subtract()([rest, layers.Dense(24)(z)])
        sums.append(layers.Dense(1)(z))
    model = keras.Model(inputs, layers.Add(name="forecast")(sums))
    model.compile(keras.optimizers.Adam(1e-3), "mse", metrics=["mae"])
    return _forecast(model, epochs=40)


def signals_convolutions():
    """Fully convolutional, with BatchNormalization, for classes of signals."""
    inputs = z = keras.Input((64, 1))
    for _ in range(3):
        z = layers.Conv1D(32, 3, padding="same")(z)
        z = layers.BatchNormalization(momentum=0.9)(z)
        z = layers.ReLU()(z)
    z = layers.GlobalAveragePooling1D()(z)
    model = keras.Model(inputs, layers.Dense(3, activation="softmax")(z))
    model.compile(
        "adam",
        "sparse_categorical_crossentropy",
        metrics=["sparse_categorical_accuracy"],
    )
    return _signals(model, epochs=40)


def signals_transformer():
    inputs = keras.Input((64, 1))
    z = layers.Dense(16)(inputs)
    for _ in range(2):
        a = layers.MultiHeadAttention(2, 16, dropout=0.1)(z, z)
        z = layers.LayerNormalization(epsilon=1e-6)(a + z)
        f = layers.Conv1D(16, 3, padding="same", activation="relu")(z)
        f = layers.Conv1D(16, 1)(layers.Dropout(0.1)(f))
        z = layers.LayerNormalization(epsilon=1e-6)(f + z)
    z = layers.GlobalAveragePooling1D()(z)
    z = layers.Dense(32, activation="relu")(z)
    z = layers.Dropout(0.2)(z)
    model = keras.Model(inputs, layers.Dense(3, activation="softmax")(z))
    model.compile(
        keras.optimizers.Adam(1e-3),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return _signals(model, epochs=30)


def signals_conv_lstm():
    model = keras.Sequential(
        [
            layers.Input((64, 1)),
            layers.Conv1D(24, 5, activation="relu"),
            layers.MaxPooling1D(2),
            layers.LSTM(24),
            layers.Dropout(0.3),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(2e-3),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return _signals(model, epochs=25)


def signals_anomaly_autoencoder():
    """Windows come back; a large error will mark an anomaly."""
    x, _ = arrays.signals(classes=1)
    model = keras.Sequential(
        [
            layers.Input((64, 1)),
            layers.Conv1D(32, 7, strides=2, padding="same", activation="relu"),
            layers.Dropout(0.2),
            layers.Conv1D(16, 7, strides=2, padding="same", activation="relu"),
            layers.Conv1DTranspose(
                16, 7, strides=2, padding="same", activation="relu"
            ),
            layers.Dropout(0.2),
            layers.Conv1DTranspose(
                32, 7, strides=2, padding="same", activation="relu"
            ),
            layers.Conv1DTranspose(1, 7, padding="same"),
        ]
    )
    model.compile(keras.optimizers.Adam(1e-3), "mse")
    return Program(
        model,
        x[:320],
        x[:320],
        epochs=40,
        validation_data=(x[320:], x[320:]),
    )


PROGRAMS = {
    "forecast_lstm": forecast_lstm,
    "forecast_gru_several_days": forecast_gru_several_days,
    "forecast_dilated_convolutions": forecast_dilated_convolutions,
    "forecast_residual_dense": forecast_residual_dense,
    "signals_convolutions": signals_convolutions,
    "signals_transformer": signals_transformer,
    "signals_conv_lstm": signals_conv_lstm,
    "signals_anomaly_autoencoder": signals_anomaly_autoencoder,
}

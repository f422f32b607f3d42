"""Networks on tables: classes, regressions, counts, tags, ratings."""

import keras
import numpy as np
from keras import layers
from keras import ops
from sklearn import datasets

from tests.corpus import arrays
from tests.corpus.program import Program


def _bundled(load, rows):
    """Shuffled; columns standardised by the first `rows`."""
    x, y = arrays.shuffled(*load(return_X_y=True))
    return arrays.standardized(x, rows), y


def iris():
    x, y = _bundled(datasets.load_iris, 120)
    model = keras.Sequential(
        [
            layers.Input((4,)),
            layers.Dense(16, activation="relu"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(0.01),
        "categorical_crossentropy",
        metrics=["accuracy"],
    )
    train, test = arrays.held_out(x, keras.utils.to_categorical(y, 3), 120)
    return Program(
        model,
        *train,
        batch_size=16,
        epochs=80,
        validation_data=test,
        task="classes",
    )


def wine():
    x, y = _bundled(datasets.load_wine, 140)
    model = keras.Sequential(
        [
            layers.Input((13,)),
            layers.Dense(24, "elu", kernel_initializer="he_normal"),
            layers.Dense(12, "elu", kernel_initializer="he_normal"),
            layers.Dense(3),
        ]
    )
    model.compile(
        keras.optimizers.Adam(3e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    train, test = arrays.held_out(x, y.astype("int32"), 140)
    return Program(
        model,
        *train,
        batch_size=16,
        epochs=60,
        validation_data=test,
        task="classes",
    )


def breast_cancer_logistic():
    x, y = _bundled(datasets.load_breast_cancer, 450)
    model = keras.Sequential(
        [layers.Input((30,)), layers.Dense(1, activation="sigmoid")]
    )
    model.compile(
        keras.optimizers.Adam(0.01),
        "binary_crossentropy",
        metrics=["accuracy", keras.metrics.AUC()],
    )
    train, test = arrays.held_out(x, y.astype("float32"), 450)
    return Program(
        model, *train, epochs=40, validation_data=test, task="classes"
    )


def diabetes_normalization_layer():
    """Columns of unlike scales; the model itself standardises them."""
    x, y = arrays.shuffled(
        *datasets.load_diabetes(return_X_y=True, scaled=False)
    )
    x, y = x.astype("float32"), y.astype("float32")[:, None]
    y = (y - y[:350].mean()) / y[:350].std()
    normalize = layers.Normalization(axis=-1)
    normalize.adapt(x[:350])
    model = keras.Sequential(
        [
            layers.Input((10,)),
            normalize,
            layers.Dense(32, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.Adam(1e-3), "mse", metrics=["mae"])
    train, test = arrays.held_out(x, y, 350)
    return Program(
        model, *train, epochs=40, validation_data=test, task="regression"
    )


def houses_regression():
    """Both sides standardised; He kernels, momentum and a decaying rate."""
    x, y = arrays.houses()
    x, y = arrays.standardized(x, 400), arrays.standardized(y[:, None], 400)
    model = keras.Sequential([layers.Input((5,))])
    for units in (64, 64):
        model.add(layers.Dense(units, "relu", kernel_initializer="he_normal"))
    model.add(layers.Dense(1))
    rate = keras.optimizers.schedules.ExponentialDecay(0.01, 100, 0.9)
    model.compile(
        keras.optimizers.SGD(rate, momentum=0.9, nesterov=True),
        "mse",
        metrics=["mae", keras.metrics.R2Score()],
    )
    train, test = arrays.held_out(x, y, 400)
    return Program(
        model, *train, epochs=50, validation_data=test, task="regression"
    )


def visits_poisson():
    """Counts: an exponential output and the Poisson loss."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 6)).astype("float32")
    y = rng.poisson(np.exp(0.5 + 0.4 * x[:, 0] - 0.3 * x[:, 1] * x[:, 2]))
    y = y.astype("float32")[:, None]
    model = keras.Sequential(
        [
            layers.Input((6,)),
            layers.Dense(32, activation="tanh"),
            layers.Dense(1, activation="exponential"),
        ]
    )
    model.compile(keras.optimizers.Adam(3e-3), "poisson")
    train, test = arrays.held_out(x, y, 400)
    return Program(
        model, *train, epochs=60, validation_data=test, task="regression"
    )


def quantiles():
    """Three quantiles at once, with a loss of the user's own."""
    x, y = arrays.houses()
    x, y = arrays.standardized(x, 400), arrays.standardized(y[:, None], 400)

    def pinball(y_true, y_pred):
        shares = ops.convert_to_tensor([0.1, 0.5, 0.9], dtype=y_pred.dtype)
        error = y_true - y_pred
        return ops.mean(ops.maximum(shares * error, (shares - 1) * error), -1)

    model = keras.Sequential(
        [
            layers.Input((5,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(3),
        ]
    )
    model.compile(keras.optimizers.Adam(2e-3), pinball)
    train, test = arrays.held_out(x, y, 400)
    return Program(model, *train, epochs=50, validation_data=test)


def tags_multi_label():
    x, y = arrays.tags()
    model = keras.Sequential(
        [
            layers.Input((20,)),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(5, activation="sigmoid"),
        ]
    )
    model.compile(
        "adam", "binary_crossentropy", metrics=[keras.metrics.BinaryAccuracy()]
    )
    train, test = arrays.held_out(x, y, 400)
    return Program(
        model, *train, epochs=50, validation_data=test, task="labels"
    )


PROGRAMS = {
    "iris": iris,
    "wine": wine,
    "breast_cancer_logistic": breast_cancer_logistic,
    "diabetes_normalization_layer": diabetes_normalization_layer,
    "houses_regression": houses_regression,
    "visits_poisson": visits_poisson,
    "quantiles": quantiles,
    "tags_multi_label": tags_multi_label,
}

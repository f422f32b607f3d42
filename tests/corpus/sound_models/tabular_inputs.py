"""Tables that need more than a plain stack: several inputs, categories."""

import keras
import numpy as np
from keras import layers
from keras import ops

from keras_trainkit.layers import RReLU
from tests.corpus import arrays
from tests.corpus.program import Program


def houses_wide_and_deep():
    """Two inputs: one goes straight to the output, one through a stack."""
    x, y = arrays.houses()
    y = y[:, None] / 100_000
    wide, deep = layers.Normalization(), layers.Normalization()
    wide.adapt(x[:400, :3])
    deep.adapt(x[:400])
    few, all_ = keras.Input((3,), name="few"), keras.Input((5,), name="all")
    z = layers.Dense(30, activation="relu")(deep(all_))
    z = layers.Dense(30, activation="relu")(z)
    z = layers.Concatenate()([wide(few), z])
    model = keras.Model([few, all_], layers.Dense(1, name="price")(z))
    model.compile(
        keras.optimizers.Adam(1e-2),
        "mse",
        metrics=[keras.metrics.RootMeanSquaredError()],
    )
    return Program(
        model,
        [x[:400, :3], x[:400]],
        y[:400],
        epochs=40,
        validation_data=([x[400:, :3], x[400:]], y[400:]),
        task="regression",
    )


def churn_with_categories():
    """A region as an embedding, a plan as one-hot, months in bins."""
    rng = np.random.default_rng(0)
    region = rng.integers(12, size=(600, 1)).astype("int32")
    plan = rng.integers(4, size=(600, 1)).astype("int32")
    months = rng.gamma(2, 14, (600, 1)).astype("float32")
    score = np.sin(region) + (plan == 2) - 0.04 * months + 0.6
    y = (score + rng.normal(0, 0.4, (600, 1)) > 0).astype("float32")
    bins = layers.Discretization([6.0, 12.0, 24.0, 48.0], output_mode="one_hot")
    inputs = {
        "region": keras.Input((1,), name="region", dtype="int32"),
        "plan": keras.Input((1,), name="plan", dtype="int32"),
        "months": keras.Input((1,), name="months"),
    }
    z = layers.Concatenate()(
        [
            layers.Flatten()(layers.Embedding(12, 4)(inputs["region"])),
            layers.CategoryEncoding(4, "one_hot")(inputs["plan"]),
            bins(inputs["months"]),
        ]
    )
    z = layers.Dense(32, activation="relu")(z)
    z = layers.Dropout(0.3)(z)
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(z))
    model.compile(
        keras.optimizers.Adam(3e-3),
        "binary_crossentropy",
        metrics=["accuracy"],
    )
    x = {"region": region, "plan": plan, "months": months}
    return Program(
        model,
        {name: values[:480] for name, values in x.items()},
        y[:480],
        epochs=50,
        validation_data=({k: v[480:] for k, v in x.items()}, y[480:]),
        task="classes",
    )


def stars_recommender():
    """Stars brought to 0 to 1, where the sigmoid of the product can reach."""
    user, item, stars = arrays.ratings()
    y = ((stars - 1) / 4)[:, None]
    weak = keras.regularizers.L2(1e-6)
    users, items = keras.Input((1,)), keras.Input((1,))

    def embedded(numbers, count, width):
        table = layers.Embedding(
            count,
            width,
            embeddings_initializer="he_normal",
            embeddings_regularizer=weak,
        )
        return layers.Flatten()(table(numbers))

    product = layers.Dot(1)([embedded(users, 40, 8), embedded(items, 50, 8)])
    total = layers.Add()(
        [product, embedded(users, 40, 1), embedded(items, 50, 1)]
    )
    outputs = layers.Activation("sigmoid", name="liking")(total)
    model = keras.Model([users, items], outputs)
    model.compile(keras.optimizers.Adam(5e-3), "binary_crossentropy")
    user, item = user[:, None], item[:, None]
    return Program(
        model,
        [user[:500], item[:500]],
        y[:500],
        epochs=60,
        validation_data=([user[500:], item[500:]], y[500:]),
        task="regression",
    )


def fraud_rare_class():
    """Twelve rows of a hundred are fraud: the output starts at that share."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(800, 8)).astype("float32")
    score = x[:, 0] + x[:, 1] * x[:, 2] + rng.normal(0, 0.3, 800)
    y = (score > np.quantile(score, 0.88)).astype("float32")[:, None]
    start = keras.initializers.Constant(np.log(0.12 / 0.88))
    model = keras.Sequential(
        [
            layers.Input((8,)),
            layers.Dense(32, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(1, activation="sigmoid", bias_initializer=start),
        ]
    )
    model.compile(
        keras.optimizers.Adam(3e-3),
        "binary_crossentropy",
        metrics=[keras.metrics.AUC(curve="PR"), keras.metrics.Recall()],
    )
    train, test = arrays.held_out(x, y, 640)
    return Program(
        model,
        *train,
        batch_size=64,
        epochs=60,
        validation_data=test,
        task="classes",
    )


def cart_pole_values():
    """Values of two actions, learnt by a dense network with Huber's loss."""
    rng = np.random.default_rng(0)
    x = rng.normal(0, 0.5, (500, 4)).astype("float32")
    push = np.stack([-x[:, 2] - x[:, 3], x[:, 2] + x[:, 3]], -1)
    y = np.clip(1 + push - np.abs(x[:, :1]), -3, 5).astype("float32")
    model = keras.Sequential(
        [
            layers.Input((4,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(2, activation="linear"),
        ]
    )
    model.compile(keras.optimizers.Adam(1e-3, clipnorm=1.0), "huber")
    train, test = arrays.held_out(x, y, 400)
    return Program(
        model, *train, epochs=50, validation_data=test, task="regression"
    )


def spirals_rrelu():
    """Three arms of a spiral; random slopes below zero."""
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=700)
    along = rng.uniform(0.1, 1, 700)
    turn = 4 * along + 2 * np.pi * y / 3 + rng.normal(0, 0.1, 700)
    x = (along * np.stack([np.cos(turn), np.sin(turn)])).T
    x = arrays.standardized(x, 500)
    model = keras.Sequential([layers.Input((2,))])
    for _ in range(2):
        model.add(layers.Dense(32, kernel_initializer="he_normal"))
        model.add(RReLU())
    model.add(layers.Dense(3))
    model.compile(
        keras.optimizers.Adam(3e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    train, test = arrays.held_out(x, y.astype("int32"), 500)
    return Program(
        model, *train, epochs=60, validation_data=test, task="classes"
    )


def houses_gated_residual():
    """Subclassed: gates on ELU blocks with skips, then a linear output."""
    x, y = arrays.houses()
    x, y = arrays.standardized(x, 400), arrays.standardized(y[:, None], 400)

    class GatedBlock(layers.Layer):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.inner = layers.Dense(units, activation="elu")
            self.outer = layers.Dense(units)
            self.gate = layers.Dense(units, activation="sigmoid")
            self.norm = layers.LayerNormalization()

        def call(self, x):
            z = self.inner(x)
            return self.norm(x + self.gate(z) * self.outer(z))

    class Regressor(keras.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.widen = layers.Dense(32)
            self.blocks = [GatedBlock(32) for _ in range(2)]
            self.price = layers.Dense(1)

        def call(self, x):
            x = self.widen(x)
            for block in self.blocks:
                x = block(x)
            return ops.squeeze(self.price(x), axis=-1)

    model = Regressor()
    model.compile(keras.optimizers.AdamW(3e-3), "mse", metrics=["mae"])
    train, test = arrays.held_out(x, y[:, 0], 400)
    return Program(
        model, *train, epochs=40, validation_data=test, task="regression"
    )


PROGRAMS = {
    "houses_wide_and_deep": houses_wide_and_deep,
    "churn_with_categories": churn_with_categories,
    "stars_recommender": stars_recommender,
    "fraud_rare_class": fraud_rare_class,
    "cart_pole_values": cart_pole_values,
    "spirals_rrelu": spirals_rrelu,
    "houses_gated_residual": houses_gated_residual,
}

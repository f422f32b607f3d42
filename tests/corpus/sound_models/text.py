"""Networks on word and letter numbers; 0 is padding."""

import keras
import numpy as np
from keras import layers
from keras import ops

from tests.corpus import arrays
from tests.corpus.program import Program

WORDS = 500


def _program(model, x, y, **kwargs):
    train, held_out = arrays.held_out(x, y, 480)
    return Program(
        model, *train, validation_data=held_out, task="classes", **kwargs
    )


def text_bag_of_words():
    numbers, y = arrays.sentences()
    x = np.zeros((len(numbers), WORDS), "float32")
    x[np.arange(len(x))[:, None], numbers] = 1
    x[:, 0] = 0
    model = keras.Sequential(
        [
            layers.Input((WORDS,)),
            layers.Dense(16, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("rmsprop", "binary_crossentropy", metrics=["accuracy"])
    return _program(model, x, y, epochs=15)


def text_mean_of_embeddings():
    x, y = arrays.sentences(classes=3)
    model = keras.Sequential(
        [
            layers.Input((40,)),
            layers.Embedding(WORDS, 16, mask_zero=True),
            layers.GlobalAveragePooling1D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(1e-2),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return _program(model, x, y, epochs=25)


def text_bidirectional_lstm():
    x, y = arrays.sentences()
    inputs = keras.Input((None,), dtype="int32")
    z = layers.Embedding(WORDS, 32)(inputs)
    z = layers.Bidirectional(layers.LSTM(16, return_sequences=True))(z)
    z = layers.Bidirectional(layers.LSTM(16))(z)
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(z))
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return _program(model, x, y, epochs=12)


def text_gru_masked():
    x, y = arrays.sentences()
    model = keras.Sequential(
        [
            layers.Input((40,)),
            layers.Embedding(WORDS, 32, mask_zero=True),
            layers.GRU(24, dropout=0.2),
            layers.Dense(24, activation="relu"),
            layers.Dense(1),
        ]
    )
    model.compile(
        keras.optimizers.Adam(3e-3, clipnorm=1.0),
        keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(threshold=0.0)],
    )
    return _program(model, x, y, epochs=15)


def text_convolutions():
    x, y = arrays.sentences()
    inputs = keras.Input((None,), dtype="int64")
    z = layers.Embedding(WORDS, 32)(inputs)
    z = layers.Dropout(0.5)(z)
    z = layers.Conv1D(64, 7, padding="valid", activation="relu")(z)
    z = layers.GlobalMaxPooling1D()(z)
    z = layers.Dense(64, activation="relu")(z)
    z = layers.Dropout(0.5)(z)
    outputs = layers.Dense(1, activation="sigmoid", name="predictions")(z)
    model = keras.Model(inputs, outputs)
    model.compile(
        loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"]
    )
    return _program(model, x, y, epochs=20)


class TokenAndPosition(layers.Layer):
    """The sum of a word's vector and its place's vector."""

    def __init__(self, length, words, width, **kwargs):
        super().__init__(**kwargs)
        self.words = layers.Embedding(words, width)
        self.places = layers.Embedding(length, width)

    def call(self, x):
        return self.words(x) + self.places(ops.arange(ops.shape(x)[-1]))


class TransformerBlock(layers.Layer):
    """Attention and two dense layers, each normalised after its sum."""

    def __init__(self, width, heads, inner, causal=False, **kwargs):
        super().__init__(**kwargs)
        self.causal = causal
        self.attention = layers.MultiHeadAttention(heads, width // heads)
        self.inner = layers.Dense(inner, activation="relu")
        self.outer = layers.Dense(width)
        self.norms = [layers.LayerNormalization(epsilon=1e-6) for _ in "12"]
        self.drops = [layers.Dropout(0.1) for _ in "12"]

    def call(self, x):
        z = self.attention(x, x, use_causal_mask=self.causal)
        x = self.norms[0](x + self.drops[0](z))
        z = self.outer(self.inner(x))
        return self.norms[1](x + self.drops[1](z))


def text_transformer():
    x, y = arrays.sentences()
    inputs = keras.Input((40,))
    z = TokenAndPosition(40, WORDS, 32)(inputs)
    z = TransformerBlock(32, 2, 32)(z)
    z = layers.GlobalAveragePooling1D()(z)
    z = layers.Dropout(0.1)(z)
    z = layers.Dense(20, activation="relu")(z)
    z = layers.Dropout(0.1)(z)
    model = keras.Model(inputs, layers.Dense(2, activation="softmax")(z))
    model.compile(
        "adam", "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return _program(model, x, y, epochs=12)


def text_causal_language_model():
    """Each word's successor, in logits over the vocabulary."""
    x, _ = arrays.sentences()
    inputs = keras.Input((39,), dtype="int32")
    z = TokenAndPosition(39, WORDS, 32)(inputs)
    for _ in range(2):
        z = TransformerBlock(32, 2, 64, causal=True)(z)
    model = keras.Model(inputs, layers.Dense(WORDS, name="next")(z))
    model.compile(
        keras.optimizers.Adam(1e-3),
        keras.losses.SparseCategoricalCrossentropy(
            from_logits=True, ignore_class=0
        ),
    )
    return Program(
        model,
        x[:480, :-1],
        x[:480, 1:],
        epochs=15,
        validation_data=(x[480:, :-1], x[480:, 1:]),
    )


def text_encoder_hub_style():
    """Pre-activated GELU blocks, small normal kernels, a pooled first token."""
    x, y = arrays.sentences(classes=3)
    small = keras.initializers.TruncatedNormal(stddev=0.02)
    inputs = keras.Input((40,), dtype="int32", name="token_ids")
    z = layers.Embedding(WORDS, 32, embeddings_initializer=small)(inputs)
    z = layers.LayerNormalization(epsilon=1e-12)(z)
    z = layers.Dropout(0.1)(z)
    for _ in range(2):
        a = layers.MultiHeadAttention(
            4, 8, dropout=0.1, kernel_initializer=small
        )(z, z)
        z = layers.LayerNormalization(epsilon=1e-12)(z + a)
        f = layers.Dense(64, activation="gelu", kernel_initializer=small)(z)
        f = layers.Dense(32, kernel_initializer=small)(f)
        z = layers.LayerNormalization(epsilon=1e-12)(z + layers.Dropout(0.1)(f))
    z = layers.Dense(32, activation="tanh", name="pooled")(z[:, 0])
    outputs = layers.Dense(3, kernel_initializer=small, name="logits")(z)
    model = keras.Model(inputs, outputs)
    model.compile(
        keras.optimizers.AdamW(5e-4, weight_decay=0.01, global_clipnorm=1.0),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["sparse_categorical_accuracy"],
    )
    return _program(model, x, y, batch_size=16, epochs=30)


def text_tagging():
    """A tag for every word, by a bidirectional GRU."""
    x, _ = arrays.sentences()
    y = (x % 5).astype("int32")
    model = keras.Sequential(
        [
            layers.Input((40,)),
            layers.Embedding(WORDS, 32),
            layers.Bidirectional(layers.GRU(24, return_sequences=True)),
            layers.TimeDistributed(layers.Dense(5, activation="softmax")),
        ]
    )
    model.compile(
        keras.optimizers.Adam(5e-3),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return _program(model, x, y, epochs=20)


def letters_addition():
    """A sum such as "23+58" read and answered letter by letter."""
    letters = "0123456789+ "
    rng = np.random.default_rng(0)
    pairs = rng.integers(100, size=(600, 2))
    asked = [f"{a}+{b}".ljust(5) for a, b in pairs]
    told = [f"{a + b}".ljust(3) for a, b in pairs]

    def one_hot(texts):
        numbers = [[letters.index(c) for c in text] for text in texts]
        return np.eye(len(letters), dtype="float32")[numbers]

    model = keras.Sequential(
        [
            layers.Input((5, 12)),
            layers.LSTM(96),
            layers.RepeatVector(3),
            layers.LSTM(96, return_sequences=True),
            layers.Dense(12, activation="softmax"),
        ]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return _program(model, one_hot(asked), one_hot(told), epochs=150)


PROGRAMS = {
    "text_bag_of_words": text_bag_of_words,
    "text_mean_of_embeddings": text_mean_of_embeddings,
    "text_bidirectional_lstm": text_bidirectional_lstm,
    "text_gru_masked": text_gru_masked,
    "text_convolutions": text_convolutions,
    "text_transformer": text_transformer,
    "text_causal_language_model": text_causal_language_model,
    "text_encoder_hub_style": text_encoder_hub_style,
    "text_tagging": text_tagging,
    "letters_addition": letters_addition,
}

"""Tiny models of repeated blocks, of which some are one layer."""

import keras

from tests.models.zoo import PACKAGE
from tests.models.zoo import dense


@keras.saving.register_keras_serializable(package=PACKAGE)
class TransformerBlock(keras.layers.Layer):
    """Attention and two dense layers; `decoder` adds a second attention."""

    def __init__(self, decoder=False, **kwargs):
        super().__init__(**kwargs)
        self.decoder = decoder
        self.out = dense(4, "out")
        self.mid = dense(4, "mid")
        self.norm = keras.layers.LayerNormalization(name="norm")
        self.attention = OwnAttention(name="attention")
        self.cross = OwnAttention(name="cross") if decoder else None

    def build(self, shape):
        for layer in (self.out, self.mid, self.norm, self.attention):
            layer.build(shape)
        if self.decoder:
            self.cross.build(shape)

    def call(self, x):
        x = self.norm(x + self.attention(x))
        if self.decoder:
            x = x + self.cross(x)
        return x + self.out(self.mid(x))

    def get_config(self):
        return {**super().get_config(), "decoder": self.decoder}


@keras.saving.register_keras_serializable(package=PACKAGE)
class OwnAttention(keras.layers.Layer):
    """What is enough of an attention: several projections."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.query = dense(4, "query")
        self.value = dense(4, "value")

    def build(self, shape):
        self.query.build(shape)
        self.value.build(shape)

    def call(self, x):
        return self.value(x) * keras.ops.sigmoid(self.query(x))


@keras.saving.register_keras_serializable(package=PACKAGE)
class DenseBlock(keras.layers.Layer):
    """A residual block without attention."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first = dense(4, "first")
        self.second = dense(4, "second")

    def build(self, shape):
        self.first.build(shape)
        self.second.build(shape)

    def call(self, x):
        return x + self.second(self.first(x))


@keras.saving.register_keras_serializable(package=PACKAGE)
class Stack(keras.layers.Layer):
    """Blocks in a row and a normalisation; attributes are in reverse.

    Args:
        kind: Class of the blocks.
        count: Number of blocks.
        token: Whether the stack adds a weight of its own to its input.
        behind: A layer called behind the last block.
    """

    def __init__(self, kind, count=3, token=False, behind=None, **kwargs):
        super().__init__(**kwargs)
        self.kind, self.count, self.token = kind, count, token
        self.behind = behind
        self.norm = keras.layers.LayerNormalization(name="last_norm")
        for i in reversed(range(count)):
            setattr(self, f"block_{i}", kind(name=f"block_{i}"))

    def build(self, shape):
        if self.token:
            self.own = self.add_weight(shape=(shape[-1],), name="token")
        for i in range(self.count):
            getattr(self, f"block_{i}").build(shape)
        self.norm.build(shape)
        if self.behind is not None:
            self.behind.build(shape)

    def call(self, x):
        if self.token:
            x = x + self.own
        for i in range(self.count):
            x = getattr(self, f"block_{i}")(x)
        x = self.norm(x)
        return x if self.behind is None else self.behind(x)

    def get_config(self):
        rest = {"kind": self.kind.__name__, "token": self.token}
        return {**super().get_config(), "count": self.count, **rest}

    @classmethod
    def from_config(cls, config):
        kind = {one.__name__: one for one in (TransformerBlock, DenseBlock)}
        return cls(**{**config, "kind": kind[config["kind"]]})


class Around(keras.layers.Layer):
    """A layer around a stack, which is then opened as well."""

    def __init__(self, stack, **kwargs):
        super().__init__(**kwargs)
        self.stack = stack
        self.patches = dense(4, "patches")

    def build(self, shape):
        self.patches.build(shape)
        self.stack.build(shape)

    def call(self, x):
        return self.stack(self.patches(x))


def functional(*layers, shape=(3, 4)):
    inputs = keras.Input(shape)
    x = dense(4, "stem")(inputs)
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, dense(1, "head")(x), name="model")


def transformer(**options):
    return functional(Stack(TransformerBlock, name="stack", **options))


def texts():
    """Token, position and type embeddings, the last called behind a block."""
    tokens = keras.Input((3,), dtype="int32", name="tokens")
    types = keras.Input((3,), dtype="int32", name="types")
    x = keras.layers.Embedding(8, 4, name="words")(tokens)
    x = PositionEmbedding(name="positions")(x)
    x = keras.layers.LayerNormalization(name="embedded")(x)
    x = TransformerBlock(name="block")(x)
    x = x + keras.layers.Embedding(2, 4, name="kinds")(types)
    x = TransformerBlock(name="block_2")(x)
    return keras.Model([tokens, types], dense(1, "head")(x), name="model")


class PositionEmbedding(keras.layers.Layer):
    """One vector for each position."""

    def build(self, shape):
        self.table = self.add_weight(shape=shape[1:], name="table")

    def call(self, x):
        return x + self.table


class OwnTransformer(keras.Model):
    """A subclassed model over a stack, with a token of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.head = dense(1, "head")
        self.stack = Stack(TransformerBlock, 2, name="stack")
        self.stem = dense(4, "stem")
        self.token = self.add_weight(shape=(4,), name="token")

    def call(self, x):
        return self.head(self.stack(self.stem(x) + self.token))


def subclassed():
    model = OwnTransformer(name="model")
    model(keras.ops.ones((2, 3, 4)))
    return model

"""Which convolution reads the input, and what it may not be."""

import keras
import pytest

from keras_trainkit.transfer.input_stem import InputStem
from tests.models import zoo

layers = keras.layers
pytestmark = pytest.mark.one_backend


def images(*stem, shape=(6, 6, 3)):
    return keras.Sequential([keras.Input(shape), *stem], name="model")


def conv(filters=4, name="conv", **options):
    return layers.Conv2D(filters, 3, name=name, **options)


def graph(read):
    inputs = keras.Input((6, 6, 3), name="images")
    return keras.Model(inputs, read(inputs), name="model")


def nested():
    inner = images(layers.Rescaling(0.5, name="scale"), conv())
    inner.name = "inner"
    augment = keras.Sequential([layers.RandomFlip(name="flip")], name="augment")
    return graph(lambda x: inner(augment(x)))


@pytest.mark.parametrize(
    "make, before, inside, channels",
    [
        (lambda: images(conv()), [], [], 3),
        (nested, ["flip", "scale"], ["augment", "inner"], 3),
        (
            lambda: images(layers.Conv1D(2, 3, name="conv"), shape=(6, 2)),
            [],
            [],
            2,
        ),
        (
            lambda: images(layers.Normalization(name="norm"), conv()),
            ["norm"],
            [],
            3,
        ),
    ],
    ids=["alone", "nested", "one dimension", "normalised"],
)
def test_what_comes_before_the_convolution(make, before, inside, channels):
    stem = InputStem(make())
    assert stem.convolution.name == "conv"
    assert zoo.names(stem.before) == before
    assert sorted(zoo.names(stem.nested)) == inside
    assert stem.channels == channels


class OwnConv(layers.Conv2D):
    """Doubles what it gets, which the kernel does not tell."""

    def call(self, inputs):
        return super().call(2 * inputs)


def two_inputs():
    inputs = [keras.Input((6, 6, 3), name=name) for name in "ab"]
    return keras.Model(inputs, conv()(layers.Add()(inputs)))


def called_twice():
    layer = conv(3, padding="same")
    return graph(lambda x: layer(layer(x)))


def with_lora():
    model = images(conv())
    model.layers[0].enable_lora(2)
    return model


REFUSED = {
    "two inputs": (two_inputs, r"one input, not \['a', 'b'\]"),
    "two convolutions": (
        lambda: graph(lambda x: [conv(name="a")(x), conv(name="b")(x)]),
        r"one convolution reads.*\['[ab]', '[ab]'\]",
    ),
    "a residual of the input": (
        lambda: graph(
            lambda x: layers.Add(name="add")([x, conv(3, padding="same")(x)])
        ),
        r"\['conv', 'add'\]",
    ),
    "the input as an output": (
        lambda: graph(lambda x: [conv()(x), x]),
        "all outputs lie behind",
    ),
    "called twice": (called_twice, "'conv' is called once"),
    "depthwise": (
        lambda: images(layers.DepthwiseConv2D(3, name="depth")),
        "the DepthwiseConv2D 'depth'",
    ),
    "separable": (
        lambda: images(layers.SeparableConv2D(2, 3)),
        "the SeparableConv2D",
    ),
    "groups": (lambda: images(conv(3, groups=3)), "without groups"),
    "dense": (lambda: images(zoo.dense(2, "dense")), "the Dense 'dense'"),
    "batch norm": (
        lambda: images(layers.BatchNormalization(name="norm"), conv()),
        "the BatchNormalization 'norm'.*1x1",
    ),
    "no weights": (lambda: images(layers.RandomFlip()), r"read by \[\]"),
    "mixed channels": (
        lambda: images(layers.Softmax(name="soft"), conv()),
        "treat all channels alike.*the Softmax 'soft'",
    ),
    "channels to another output": (
        lambda: graph(lambda x: [conv()(x), layers.Flatten(name="flat")(x)]),
        r"\['(conv|flat)', '(conv|flat)'\]",
    ),
    "the padded input as an output": (
        lambda: graph(lambda x: [conv()(x), layers.ZeroPadding2D()(x)]),
        "all outputs lie behind",
    ),
    "a convolution of a user's": (
        lambda: images(OwnConv(4, 3, name="own")),
        "Keras's own Conv1D.*the OwnConv 'own'",
    ),
    "LoRA": (with_lora, "'conv' has no LoRA"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_adapted_is_refused(kind):
    make, message = REFUSED[kind]
    with pytest.raises(ValueError, match=message):
        InputStem(make())


@pytest.mark.parametrize(
    "make",
    [zoo.subclassed, lambda: keras.Sequential([conv()]), lambda: conv()],
    ids=["subclassed", "not built", "a layer"],
)
def test_what_is_no_graph_is_refused(make):
    with pytest.raises(TypeError, match="Sequential or functional"):
        InputStem(make())

"""Networks of `keras.applications` without their weights; no data."""

import keras
from keras import applications
from keras import layers

from tests.corpus.program import Program

LOSS = "sparse_categorical_crossentropy"


def _compiled(model, optimizer="adam"):
    model.compile(optimizer, LOSS, metrics=["accuracy"])
    return Program(model, batch_size=64, epochs=90)


def _momentum(rate=0.01):
    return keras.optimizers.SGD(rate, momentum=0.9)


def mobile_net_v2():
    return _compiled(
        applications.MobileNetV2((32, 32, 3), weights=None, classes=10)
    )


def mobile_net_v3_small():
    return _compiled(
        applications.MobileNetV3Small((32, 32, 3), weights=None, classes=10)
    )


def efficient_net_b0():
    return _compiled(
        applications.EfficientNetB0(
            weights=None, input_shape=(32, 32, 3), classes=10
        )
    )


def res_net_50_v2():
    return _compiled(
        applications.ResNet50V2(
            weights=None, input_shape=(32, 32, 3), classes=10
        ),
        _momentum(0.1),
    )


def dense_net_121():
    return _compiled(
        applications.DenseNet121(
            weights=None, input_shape=(32, 32, 3), classes=10
        ),
        _momentum(0.1),
    )


def xception():
    return _compiled(
        applications.Xception(
            weights=None, input_shape=(71, 71, 3), classes=10
        ),
        _momentum(0.045),
    )


def conv_next_tiny():
    return _compiled(
        applications.ConvNeXtTiny(
            weights=None,
            input_shape=(32, 32, 3),
            classes=10,
            classifier_activation="softmax",
        ),
        keras.optimizers.AdamW(1e-3, weight_decay=0.05),
    )


def vgg_16():
    return _compiled(
        applications.VGG16(weights=None, input_shape=(32, 32, 3), classes=10),
        _momentum(),
    )


def mobile_net_v2_frozen():
    """The usual transfer: base frozen and in inference mode, a new head."""
    base = applications.MobileNetV2(
        (64, 64, 3), include_top=False, weights=None
    )
    base.trainable = False
    inputs = keras.Input((64, 64, 3))
    z = layers.RandomFlip("horizontal")(inputs)
    z = layers.Rescaling(1 / 127.5, offset=-1)(z)
    z = base(z, training=False)
    z = layers.GlobalAveragePooling2D()(z)
    z = layers.Dropout(0.2)(z)
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(z))
    model.compile(
        keras.optimizers.Adam(1e-3),
        "binary_crossentropy",
        metrics=["accuracy"],
    )
    return Program(model, batch_size=32, epochs=20)


def mobile_net_v2_fine_tuned():
    """The second stage: the top of the base is free, the rate is small."""
    base = applications.MobileNetV2(
        (64, 64, 3), include_top=False, weights=None, pooling="avg"
    )
    for layer in base.layers[:100]:
        layer.trainable = False
    inputs = keras.Input((64, 64, 3))
    z = layers.Rescaling(1 / 127.5, offset=-1)(inputs)
    z = layers.Dropout(0.2)(base(z, training=False))
    model = keras.Model(inputs, layers.Dense(5, activation="softmax")(z))
    return _compiled(model, keras.optimizers.Adam(1e-5))


PROGRAMS = {
    "mobile_net_v2": mobile_net_v2,
    "mobile_net_v3_small": mobile_net_v3_small,
    "efficient_net_b0": efficient_net_b0,
    "res_net_50_v2": res_net_50_v2,
    "dense_net_121": dense_net_121,
    "xception": xception,
    "conv_next_tiny": conv_next_tiny,
    "vgg_16": vgg_16,
    "mobile_net_v2_frozen": mobile_net_v2_frozen,
    "mobile_net_v2_fine_tuned": mobile_net_v2_fine_tuned,
}

"""Models in which single weights are frozen inside layers that train."""

import keras
import numpy as np

X = np.random.default_rng(3).integers(0, 6, (16, 3)).astype("int32")
Y = np.random.default_rng(4).normal(size=(16, 1)).astype("float32")


def token_model():
    """Embedding, EinsumDense, a nested Dense and a head, all built."""
    inputs = keras.Input((3,), dtype="int32")
    x = keras.layers.Embedding(6, 4, name="table")(inputs)
    x = keras.layers.EinsumDense(
        "abc,cd->abd", (3, 4), bias_axes="d", name="mix"
    )(x)
    x = keras.layers.Flatten()(x)
    inner_inputs = keras.Input((12,))
    inner = keras.Model(
        inner_inputs,
        keras.layers.Dense(4, activation="tanh", name="hidden")(inner_inputs),
        name="inner",
    )
    head = keras.layers.Dense(1, name="head")
    return keras.Model(inputs, head(inner(x)), name="model")


def layer(model, name):
    where = model.get_layer("inner") if name == "hidden" else model
    return where.get_layer(name)


def with_lora(names=("table", "mix", "hidden")):
    model = token_model()
    for name in names:
        layer(model, name).enable_lora(2)
    return model


def with_a_frozen_kernel():
    model = token_model()
    layer(model, "hidden").kernel.trainable = False
    return model


def with_a_frozen_only_weight():
    model = token_model()
    layer(model, "table").embeddings.trainable = False
    return model


def with_a_quantized_layer():
    model = token_model()
    layer(model, "hidden").quantize("int8")
    return model


def with_lora_on_int8():
    model = with_a_quantized_layer()
    layer(model, "hidden").enable_lora(2)
    return model


# Each model, and the paths of the weights that stay frozen in it.
MODELS = {
    "lora": (
        with_lora,
        {"table/embeddings", "mix/kernel", "hidden/kernel"},
    ),
    "a frozen kernel": (with_a_frozen_kernel, {"hidden/kernel"}),
    "a frozen only weight": (with_a_frozen_only_weight, {"table/embeddings"}),
    "int8": (
        with_a_quantized_layer,
        {"hidden/kernel", "hidden/kernel_scale"},
    ),
    "lora on int8": (
        with_lora_on_int8,
        {"hidden/kernel", "hidden/kernel_scale"},
    ),
}


def by_name(model):
    """Returns `{layer/weight: value}`."""
    return {
        "/".join(weight.path.split("/")[-2:]): np.array(
            keras.ops.convert_to_numpy(weight)
        )
        for weight in model.weights
    }


def trained(model):
    return {"/".join(w.path.split("/")[-2:]) for w in model.trainable_weights}


def moved(before, after):
    return {
        name
        for name, value in before.items()
        if not np.array_equal(value, after[name])
    }

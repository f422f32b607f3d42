import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers.arrays import to_numpy

exclude = ktk.optimizers.exclude_norm_and_bias


@keras.saving.register_keras_serializable(package="keras_trainkit_tests")
class ClassToken(keras.layers.Layer):
    """A token in front of the others, and a scale of each channel."""

    def build(self, shape):
        self.token = self.add_weight((1, 1, shape[-1]), name="kernel")
        self.gamma = self.add_weight((shape[-1],), name="weights")

    def call(self, x):
        return keras.ops.multiply(x + self.token, self.gamma)


def network():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6,), dtype="int32")
    x = keras.layers.Embedding(5, 4, name="embedding")(inputs)
    x = ClassToken(name="token")(x)
    x = x + keras.layers.MultiHeadAttention(2, 3, name="attention")(x, x)
    x = keras.layers.LayerNormalization(name="layer_norm")(x)
    x = keras.layers.Conv1D(1, 2, name="conv")(x)
    x = keras.layers.BatchNormalization(name="batch_norm")(x)
    x = keras.layers.GRU(3, name="gru")(x)
    return keras.Model(inputs, keras.layers.Dense(1, name="head")(x))


KERNELS = {
    "attention/query/kernel",
    "attention/key/kernel",
    "attention/value/kernel",
    "attention/attention_output/kernel",
    "conv/kernel",
    # One input channel, whose kernel has a first axis of size 1.
    "gru/gru_cell/kernel",
    "gru/gru_cell/recurrent_kernel",
    "head/kernel",
}


def decayed(model, optimizer):
    """Returns the paths of the weights that move without a gradient."""
    weights = model.trainable_weights
    for weight in weights:
        weight.assign(keras.ops.ones(weight.shape))
    zeros = [keras.ops.zeros(weight.shape) for weight in weights]
    optimizer.apply(zeros, weights)
    return {w.path for w in weights if np.any(to_numpy(w) != 1.0)}


def adamw():
    return keras.optimizers.AdamW(0.1, weight_decay=0.1)


WRAPPED = {
    "bare": adamw,
    "SGD": lambda: keras.optimizers.SGD(0.1, weight_decay=0.1),
    "rates of layers": lambda: ktk.optimizers.LayerwiseLearningRate(
        adamw(), lambda variable: 0.5
    ),
}


@pytest.mark.parametrize("case", WRAPPED)
def test_kernels_decay_and_nothing_else(case):
    model = network()
    optimizer = WRAPPED[case]()
    assert exclude(optimizer, model) is optimizer
    assert decayed(model, optimizer) == KERNELS


def test_a_loss_scale_is_looked_through():
    model, inner = network(), adamw()
    exclude(keras.optimizers.LossScaleOptimizer(inner), model)
    assert decayed(model, inner) == KERNELS


def test_what_was_excluded_before_stays_so():
    model = network()
    optimizer = adamw()
    optimizer.exclude_from_weight_decay(
        var_list=[model.get_layer("head").kernel], var_names=["recurrent"]
    )
    exclude(optimizer, model)
    left = KERNELS - {"head/kernel", "gru/gru_cell/recurrent_kernel"}
    assert decayed(model, optimizer) == left


def small():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(
        keras.optimizers.SGD(0.1, weight_decay=0.5), "mse", jit_compile=False
    )
    return model


def bias_after(model):
    model.layers[0].bias.assign([1.0])
    x = np.zeros((4, 2), "float32")
    model.fit(x, np.ones((4, 1), "float32"), batch_size=4, verbose=0)
    return float(to_numpy(model.layers[0].bias)[0])


def test_it_takes_effect_where_a_step_is_compiled_already():
    model = small()
    assert bias_after(model) == pytest.approx(0.95)
    exclude(model.optimizer, model)
    assert bias_after(model) == 1.0


def test_stages_keep_it():
    model = small()
    exclude(model.optimizer, model)
    bias_after(model)
    ktk.transfer.freeze(model, "all")
    ktk.transfer.unfreeze(model, "all")
    assert bias_after(model) == 1.0


def test_an_optimizer_without_decay_is_refused():
    with pytest.raises(ValueError, match="weight_decay="):
        exclude(keras.optimizers.Adam(), network())


def test_types_that_are_refused():
    with pytest.raises(TypeError, match="optimizer"):
        exclude("adamw", network())
    with pytest.raises(TypeError, match="model"):
        exclude(adamw(), "model")

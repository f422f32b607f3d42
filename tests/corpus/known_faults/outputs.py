"""Programs with a mistake in output, loss, labels, optimizer or data.

Written by who wrote the rules; those of tests/corpus were not.
"""

import keras
import numpy as np

from tests.corpus.program import Fault
from tests.corpus.program import Program

LAYERS = keras.layers
SGD, ADAM = keras.optimizers.SGD, keras.optimizers.Adam
ROWS = 240


def rows(features=6):
    return np.random.default_rng(5).normal(size=(ROWS, features))


def two(x):
    return (x[:, 0] * x[:, 1] > 0).astype("int64")


def three(x):
    return np.digitize(x[:, 0] + x[:, 1], [-0.5, 0.5])


def net(x, units, activation=None, last=(), hidden="relu"):
    return keras.Sequential(
        [
            keras.Input(x.shape[1:]),
            LAYERS.Dense(16, activation=hidden, name="first"),
            LAYERS.Dense(units, activation=activation, name="last"),
            *last,
        ]
    )


def program(model, x, y, loss, topics, where="last", **more):
    optimizer = more.pop("optimizer", "adam")
    metrics = more.pop("metrics", None)
    model.compile(optimizer, loss, metrics=metrics)
    fault = Fault(topics, where, more.pop("sentence", ""))
    more = {"batch_size": 32, "epochs": 40} | more
    return Program(model, x, y, faults=(fault,), **more)


def softmax_then_logits():
    x = rows()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return program(net(x, 3, "softmax"), x, three(x), loss, ("loss",))


def sigmoid_layer_then_logits():
    x = rows()
    model = net(x, 1, None, [LAYERS.Activation("sigmoid", name="squash")])
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    return program(model, x, two(x), loss, ("loss",), "squash")


def logits_without_saying_so():
    x = rows()
    loss = "sparse_categorical_crossentropy"
    return program(net(x, 3), x, three(x), loss, ("activation",))


def tanh_for_a_probability():
    x = rows()
    loss = "binary_crossentropy"
    return program(net(x, 1, "tanh"), x, two(x), loss, ("activation",))


def relu_for_logits():
    x = rows()
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    return program(net(x, 1, "relu"), x, two(x), loss, ("activation",))


def softmax_layer_over_one_unit():
    x = rows()
    model = net(x, 1, None, [LAYERS.Softmax(name="softmax")])
    loss = "binary_crossentropy"
    return program(model, x, two(x), loss, ("activation",), "softmax")


def one_sigmoid_for_three_classes():
    x = rows()
    loss = "binary_crossentropy"
    return program(net(x, 1, "sigmoid"), x, three(x), loss, ("loss",))


def categorical_loss_over_one_sigmoid():
    x = rows()
    loss = "categorical_crossentropy"
    return program(net(x, 1, "sigmoid"), x, two(x), loss, ("loss",))


def sigmoids_with_sparse_loss():
    x = rows()
    loss = "sparse_categorical_crossentropy"
    return program(net(x, 3, "sigmoid"), x, three(x), loss, ("activation",))


def binary_loss_over_softmax():
    x = rows()
    y, loss = np.eye(3)[three(x)], "binary_crossentropy"
    return program(net(x, 3, "softmax"), x, y, loss, ("loss",))


def softmax_for_several_labels():
    x = rows()
    y, loss = (x[:, :4] > 0).astype(int), "binary_crossentropy"
    return program(net(x, 4, "softmax"), x, y, loss, ("activation",))


def several_labels_with_categorical_loss():
    x = rows()
    y, loss = (x[:, :4] > 0).astype(int), "categorical_crossentropy"
    return program(net(x, 4, "softmax"), x, y, loss, ("loss", "activation"))


def squared_error_for_one_hot():
    x = rows()
    y = np.eye(3)[three(x)]
    return program(net(x, 3, "softmax"), x, y, "mse", ("loss",))


def squared_error_for_numbered_classes():
    x = rows()
    given = {"metrics": ["accuracy"]}
    return program(net(x, 1), x, three(x), "mse", ("loss",), **given)


def absolute_error_behind_a_sigmoid():
    x = rows()
    return program(net(x, 1, "sigmoid"), x, two(x), "mae", ("loss",))


def sigmoid_for_large_values():
    x = rows()
    topics = ("activation", "preprocessing")
    return program(net(x, 1, "sigmoid"), x, 20 * x[:, 0], "mse", topics)


def relu_for_values_below_zero():
    x = rows()
    return program(net(x, 1, "relu"), x, x[:, 0], "mae", ("activation",))


def softmax_for_measured_values():
    x = rows()
    y = 3 * x[:, :3]
    return program(net(x, 3, "softmax"), x, y, "mse", ("activation",))


def tanh_for_pixels():
    x = rows()
    y = np.random.default_rng(0).uniform(0, 255, size=(ROWS, 8))
    topics = ("activation", "preprocessing")
    return program(net(x, 8, "tanh"), x, y, "mse", topics)


def labels_from_one():
    x = rows()
    loss = "sparse_categorical_crossentropy"
    return program(net(x, 3, "softmax"), x, 1 + three(x), loss, ("data",))


def signs_with_binary_loss():
    x = rows()
    y, loss = 2 * two(x) - 1, "binary_crossentropy"
    return program(net(x, 1, "sigmoid"), x, y, loss, ("data",))


def numbers_with_one_hot_loss():
    x = rows()
    loss = "categorical_crossentropy"
    return program(
        net(x, 3, "softmax"), x, three(x), loss, ("loss",), trains=False
    )


def one_hot_with_sparse_loss():
    x = rows()
    y, loss = np.eye(3)[three(x)], "sparse_categorical_crossentropy"
    return program(net(x, 3, "softmax"), x, y, loss, ("loss",), trains=False)


def measured_values_with_binary_loss():
    x = rows()
    y, loss = 5 * x[:, 0], "binary_crossentropy"
    return program(net(x, 1, "sigmoid"), x, y, loss, ("loss",))


def one_target_for_four_units():
    x = rows()
    topics = ("architecture",)
    return program(net(x, 4), x, x[:, :1], "mse", topics)


def every_step_for_one_target():
    x = np.random.default_rng(2).normal(size=(ROWS, 6, 3))
    model = keras.Sequential(
        [
            keras.Input((6, 3)),
            LAYERS.GRU(4, return_sequences=True, name="gru"),
            LAYERS.Dense(1, name="last"),
        ]
    )
    y = x.sum((1, 2))[:, None]
    return program(model, x, y, "mse", ("architecture",), "gru")


def adam_at_one():
    x = rows()
    given = {"optimizer": ADAM(1.0), "where": ""}
    loss, topics = "binary_crossentropy", ("learning_rate",)
    return program(net(x, 1, "sigmoid"), x, two(x), loss, topics, **given)


def adam_at_next_to_nothing():
    x = rows()
    given = {"optimizer": ADAM(1e-8), "where": ""}
    loss, topics = "binary_crossentropy", ("learning_rate",)
    return program(net(x, 1, "sigmoid"), x, two(x), loss, topics, **given)


def summed_loss_at_a_usual_rate():
    x = rows()
    loss = keras.losses.MeanSquaredError(reduction="sum")
    given = {"optimizer": SGD(0.1), "where": ""}
    return program(net(x, 1), x, x[:, 0], loss, ("learning_rate",), **given)


def momentum_of_one_in_a_thousand():
    x = rows()
    optimizer = SGD(1e-4, momentum=0.999)
    given = {"optimizer": optimizer, "where": ""}
    return program(net(x, 1), x, x[:, 0], "mse", ("optimizer",), **given)


def line_through_hundreds():
    x = np.arange(200.0)[:, None]
    model = keras.Sequential([keras.Input((1,)), LAYERS.Dense(1, name="last")])
    topics = ("learning_rate", "preprocessing")
    given = {"optimizer": "sgd"}
    return program(model, x, 3 * x[:, 0] + 2, "mse", topics, **given)


def xor_for_ten_epochs():
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]])
    y, loss = np.array([0, 1, 1, 0]), "binary_crossentropy"
    given = {"epochs": 10, "batch_size": 4, "where": ""}
    return program(net(x, 1, "sigmoid"), x, y, loss, ("epochs",), **given)


def one_update_an_epoch():
    x = rows()
    given = {"epochs": 10, "batch_size": ROWS, "where": ""}
    loss, topics = "binary_crossentropy", ("batch_size",)
    return program(net(x, 1, "sigmoid"), x, two(x), loss, topics, **given)


def rate_too_small_for_the_epochs():
    x = rows()
    given = {"optimizer": ADAM(2e-6), "where": ""}
    loss, topics = "binary_crossentropy", ("learning_rate",)
    return program(net(x, 1, "sigmoid"), x, two(x), loss, topics, **given)


def bytes_as_they_are():
    x = np.random.default_rng(1).integers(0, 256, size=(ROWS, 100))
    y, loss = np.arange(ROWS) % 2, "binary_crossentropy"
    topics = ("preprocessing",)
    return program(net(x, 1, "sigmoid"), x, y, loss, topics, "first")


def salaries_beside_ages():
    x = rows(3) * [1.0, 10.0, 20000.0] + [0.0, 40.0, 50000.0]
    y, loss = np.arange(ROWS) % 2, "binary_crossentropy"
    topics = ("preprocessing",)
    return program(net(x, 1, "sigmoid"), x, y, loss, topics, "first")


def scaled_twice():
    x = np.random.default_rng(1).uniform(0, 1, size=(ROWS, 8)) / 255
    y, loss = np.arange(ROWS) % 2, "binary_crossentropy"
    topics = ("preprocessing",)
    return program(net(x, 1, "sigmoid"), x, y, loss, topics, "first")


def prices_as_they_are():
    x = rows()
    y = 250000 + 80000 * x[:, 0]
    return program(net(x, 1), x, y, "mse", ("preprocessing",))


def one_row_in_thirty():
    x = rows()
    y, loss = (np.arange(ROWS) % 30 == 0).astype(int), "binary_crossentropy"
    return program(net(x, 1, "sigmoid"), x, y, loss, ("data",))


def one_class_is_left():
    x = rows()
    y, loss = np.zeros(ROWS), "binary_crossentropy"
    return program(net(x, 1, "sigmoid"), x, y, loss, ("data",))


def a_missing_value():
    x = rows()
    y = two(x)
    x[17, 2] = np.nan
    loss = "binary_crossentropy"
    return program(net(x, 1, "sigmoid"), x, y, loss, ("data",), "")


def validated_on_the_same_rows():
    x = rows()
    y, loss = two(x), "binary_crossentropy"
    given = {"validation_data": (x[50:], y[50:]), "where": ""}
    return program(net(x, 1, "sigmoid"), x, y, loss, ("data",), **given)


def everything_is_frozen():
    x = rows()
    model = net(x, 1, "sigmoid")
    model.trainable = False
    loss, topics = "binary_crossentropy", ("optimizer",)
    return program(model, x, two(x), loss, topics, "")


PROGRAMS = {
    build.__name__: build
    for build in (
        softmax_then_logits,
        sigmoid_layer_then_logits,
        logits_without_saying_so,
        tanh_for_a_probability,
        relu_for_logits,
        softmax_layer_over_one_unit,
        one_sigmoid_for_three_classes,
        categorical_loss_over_one_sigmoid,
        sigmoids_with_sparse_loss,
        binary_loss_over_softmax,
        softmax_for_several_labels,
        several_labels_with_categorical_loss,
        squared_error_for_one_hot,
        squared_error_for_numbered_classes,
        absolute_error_behind_a_sigmoid,
        sigmoid_for_large_values,
        relu_for_values_below_zero,
        softmax_for_measured_values,
        tanh_for_pixels,
        labels_from_one,
        signs_with_binary_loss,
        numbers_with_one_hot_loss,
        one_hot_with_sparse_loss,
        measured_values_with_binary_loss,
        one_target_for_four_units,
        every_step_for_one_target,
        adam_at_one,
        adam_at_next_to_nothing,
        summed_loss_at_a_usual_rate,
        momentum_of_one_in_a_thousand,
        line_through_hundreds,
        xor_for_ten_epochs,
        one_update_an_epoch,
        rate_too_small_for_the_epochs,
        bytes_as_they_are,
        salaries_beside_ages,
        scaled_twice,
        prices_as_they_are,
        one_row_in_thirty,
        one_class_is_left,
        a_missing_value,
        validated_on_the_same_rows,
        everything_is_frozen,
    )
}

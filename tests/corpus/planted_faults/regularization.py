"""Dropout, decay and constraints that hurt or do nothing."""

import keras
from keras import constraints
from keras import layers
from keras import regularizers

from tests.corpus.planted_faults.common import adam
from tests.corpus.planted_faults.common import fault
from tests.corpus.planted_faults.common import hidden
from tests.corpus.planted_faults.common import on_digits
from tests.corpus.planted_faults.common import on_houses
from tests.corpus.planted_faults.common import sequential


def dropout_behind_the_output():
    model = sequential(
        (64,),
        hidden(),
        layers.Dense(10, "softmax"),
        layers.Dropout(0.3, name="drop"),
    )
    return on_digits(
        model,
        fault(
            "regularization architecture",
            "drop",
            "Probabilities are set to zero after the softmax.",
        ),
    )


def share_to_keep_for_share_to_drop():
    """As if the rate were the share that is kept."""
    model = sequential(
        (64,),
        hidden(),
        layers.Dropout(0.9, name="drop_1"),
        hidden(),
        layers.Dropout(0.9, name="drop_2"),
        layers.Dense(10, "softmax"),
    )
    return on_digits(
        model,
        fault(
            "regularization", "drop_1", "Nine units of ten are dropped twice."
        ),
    )


def dropout_on_few_units():
    model = sequential(
        (5,),
        layers.Dropout(0.6, name="drop_inputs"),
        hidden(16),
        layers.Dropout(0.6, name="drop"),
        layers.Dense(1),
    )
    return on_houses(
        model,
        fault(
            "regularization",
            "drop_inputs",
            "Three of the five inputs are dropped from every row.",
        ),
    )


def max_norm_over_the_wrong_axis():
    """A kernel of a convolution is (height, width, in, out)."""
    limit = constraints.MaxNorm(1.0, axis=0)
    model = sequential(
        (28, 28, 1),
        layers.Conv2D(
            16, 3, activation="relu", kernel_constraint=limit, name="conv"
        ),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(10, "softmax"),
    )
    return on_digits(
        model,
        fault(
            "regularization",
            "conv",
            "Axis 0 of a convolution's kernel is its height alone.",
        ),
        epochs=15,
    )


def unit_norm_over_the_outputs():
    model = sequential(
        (64,),
        hidden(name="hidden", kernel_constraint=constraints.UnitNorm(axis=1)),
        layers.Dense(10, "softmax"),
    )
    return on_digits(
        model,
        fault(
            "regularization",
            "hidden",
            "Axis 1 is the units: their weights from one input, not theirs.",
        ),
    )


def l2_with_decoupled_decay():
    weight = regularizers.L2(1e-3)
    model = sequential(
        (64,),
        hidden(kernel_regularizer=weight, name="hidden"),
        layers.Dense(10, "softmax", kernel_regularizer=weight),
    )
    return on_digits(
        model,
        fault(
            "regularization optimizer",
            "hidden",
            "AdamW decays the weights and the loss does it again.",
        ),
        optimizer=keras.optimizers.AdamW(1e-3, weight_decay=0.01),
    )


def decay_of_everything():
    model = sequential(
        (64,),
        layers.Dense(64, use_bias=False),
        layers.BatchNormalization(momentum=0.9, name="norm"),
        layers.ReLU(),
        layers.Dense(10, "softmax"),
    )
    return on_digits(
        model,
        fault(
            "regularization optimizer",
            "norm",
            "Biases, scales and offsets are decayed as well.",
            mild=True,
        ),
        optimizer=keras.optimizers.AdamW(1e-3, weight_decay=0.05),
    )


def l2_of_one():
    heavy = regularizers.L2(1.0)
    model = sequential(
        (64,),
        hidden(kernel_regularizer=heavy, name="hidden_1"),
        hidden(kernel_regularizer=heavy, name="hidden_2"),
        layers.Dense(10, "softmax", kernel_regularizer=heavy),
    )
    return on_digits(
        model,
        fault(
            "regularization",
            "hidden_1",
            "The penalty is hundreds, the loss is two.",
        ),
    )


def l1_everywhere():
    model = sequential(
        (5,),
        hidden(kernel_regularizer=regularizers.L1(0.5), name="hidden_1"),
        hidden(kernel_regularizer=regularizers.L1(0.5), name="hidden_2"),
        layers.Dense(1),
    )
    return on_houses(
        model,
        fault(
            "regularization",
            "hidden_1",
            "L1 of 0.5 on thousands of weights takes all of them to zero.",
        ),
    )


def decay_far_too_strong():
    model = sequential((64,), hidden(), layers.Dense(10, "softmax"))
    return on_digits(
        model,
        fault(
            "regularization optimizer",
            "",
            "A decoupled decay of 50: weights lose 5 % in each step.",
        ),
        optimizer=keras.optimizers.AdamW(1e-3, weight_decay=50.0),
    )


def loud_activity_penalty():
    model = sequential(
        (64,),
        hidden(activity_regularizer=regularizers.L1(1.0), name="hidden"),
        layers.Dense(10, "softmax"),
    )
    return on_digits(
        model,
        fault(
            "regularization",
            "hidden",
            "The penalty on activity is ten times the loss: all units die.",
        ),
        optimizer=adam(5e-3),
    )


PROGRAMS = {
    "dropout_behind_the_output": dropout_behind_the_output,
    "share_to_keep_for_share_to_drop": share_to_keep_for_share_to_drop,
    "dropout_on_few_units": dropout_on_few_units,
    "max_norm_over_the_wrong_axis": max_norm_over_the_wrong_axis,
    "unit_norm_over_the_outputs": unit_norm_over_the_outputs,
    "l2_with_decoupled_decay": l2_with_decoupled_decay,
    "decay_of_everything": decay_of_everything,
    "l2_of_one": l2_of_one,
    "l1_everywhere": l1_everywhere,
    "decay_far_too_strong": decay_far_too_strong,
    "loud_activity_penalty": loud_activity_penalty,
}

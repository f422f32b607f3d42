import keras
import pytest

import keras_trainkit as ktk
from tests.helpers.layer_rules import L
from tests.helpers.layer_rules import findings
from tests.helpers.layer_rules import said
from tests.helpers.layer_rules import stack

pytestmark = pytest.mark.one_backend

C = keras.constraints


def conv(constraint):
    return stack(
        L.Conv2D(4, 3, kernel_constraint=constraint, name="layer"),
        L.Flatten(),
        L.Dense(1),
        inputs=(8, 8, 2),
    )


def dense(**more):
    return stack(L.Dense(64, "relu", name="layer", **more), L.Dense(1))


def constrained():
    model = conv(None)
    ktk.constraints.constrain(model, max_norm=2.0)
    return model


SAID = {
    "a unit norm of a convolution": (
        lambda: conv("unit_norm"),
        [("R104", "warning", "layer")],
    ),
    "a max norm of a convolution": (
        lambda: conv("max_norm"),
        [("R104", "advice", "layer")],
    ),
    "over the right axes": (lambda: conv(C.MaxNorm(2, axis=[0, 1, 2])), []),
    "counted from the end": (lambda: conv(C.UnitNorm(axis=[-4, -3, -2])), []),
    "by the layer": (constrained, []),
    "of a dense layer": (lambda: dense(kernel_constraint="max_norm"), []),
    "of a dense layer, the other axis": (
        lambda: dense(kernel_constraint=C.UnitNorm(axis=1)),
        [("R104", "warning", "layer")],
    ),
    "of a transposed convolution": (
        lambda: stack(
            L.Conv1DTranspose(
                4, 3, kernel_constraint=C.UnitNorm(axis=[0, 1]), name="layer"
            ),
            inputs=(8, 2),
        ),
        [("R104", "warning", "layer")],
    ),
    "a penalty on biases": (
        lambda: dense(bias_regularizer="l2"),
        [("R106", "advice", "layer")],
    ),
    "a strong l2": (
        lambda: dense(kernel_regularizer=keras.regularizers.L2(0.2)),
        [("R107", "warning", "layer")],
    ),
    "a rather strong l2": (
        lambda: dense(kernel_regularizer=keras.regularizers.L2(0.05)),
        [("R107", "advice", "layer")],
    ),
    "a strong l1": (
        lambda: dense(kernel_regularizer=keras.regularizers.L1(0.1)),
        [("R107", "warning", "layer")],
    ),
    "a strong penalty on outputs": (
        lambda: dense(activity_regularizer=keras.regularizers.L1(1.0)),
        [("R108", "warning", "layer")],
    ),
    "a layer that is one": (
        lambda: stack(
            L.Dense(64, "relu"),
            L.ActivityRegularization(l1=0.05, name="layer"),
            L.Dense(1),
        ),
        [("R108", "advice", "layer")],
    ),
    "a sparse autoencoder's": (
        lambda: dense(activity_regularizer=keras.regularizers.L1(1e-4)),
        [],
    ),
    "a customary l2": (lambda: dense(kernel_regularizer="l2"), []),
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_said_of_penalties(name):
    build, expected = SAID[name]
    assert said(build(), "R104", "R106", "R107", "R108") == expected


def test_decay_of_vectors_is_told_until_they_are_excluded():
    optimizer = keras.optimizers.AdamW(weight_decay=0.01)
    model = stack(
        L.Dense(8, "relu", name="layer"),
        L.LayerNormalization(name="norm"),
        L.Dense(1, name="last"),
        optimizer=optimizer,
    )
    (finding,) = findings(model, "R106")
    assert "layer, norm and last" in finding.message
    ktk.optimizers.exclude_norm_and_bias(model.optimizer, model)
    assert said(model, "R106") == []


def test_what_a_penalty_costs_is_named():
    model = dense(kernel_regularizer=keras.regularizers.L2(0.2))
    (finding,) = findings(model, "R107")
    cost = float(keras.ops.convert_to_numpy(sum(model.losses)))
    assert f"adds {cost:.3g} to the loss" in finding.message

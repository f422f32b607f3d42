import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics import check_model

pytestmark = pytest.mark.one_backend
X = np.random.default_rng(0).normal(size=(200, 4))
ROW = np.arange(200)
BINARY, SPARSE = "binary_crossentropy", "sparse_categorical_crossentropy"
RARE = (ROW % 20 == 0).astype(int)


def findings(y, loss="mse", units=1, activation=None, x=X, hidden=0, **given):
    model = keras.Sequential(
        [
            keras.Input((4,)),
            *[keras.layers.Dense(8, "relu") for _ in range(hidden)],
            keras.layers.Dense(units, activation=activation, name="last"),
        ]
    )
    model.compile("adam", loss)
    codes = ["X107", "X108", "X109", "X110"]
    return check_model(model, x, y, select=codes, **given).findings


def codes(*args, **kwargs):
    return [one.code for one in findings(*args, **kwargs)]


@pytest.mark.parametrize(
    "found, y, loss, activation",
    [
        ([], 3 * X[:, 0], "mse", None),
        ([], 22 + 9 * X[:, 0], "mse", None),
        (["X107"], 400 * X[:, 0], "mse", None),
        (["X107"], 2e5 + X[:, 0], "huber", None),
        (["X107"], X[:, 0] / 1000, "mse", None),
        ([], 400 * X[:, 0], "mean_absolute_percentage_error", None),
        ([], 400 * X[:, 0], "mse", "sigmoid"),
    ],
)
def test_targets_that_are_not_scaled(found, y, loss, activation):
    assert codes(y, loss, 1, activation) == found


def test_a_long_training_gets_to_large_targets():
    y = 150 + 50 * X[:, 0]
    assert codes(y, epochs=10) == ["X107"]
    assert codes(y, epochs=3000) == []


@pytest.mark.parametrize("mean, found", [(0.0, ["X107"]), (288.0, [])])
def test_a_bias_may_begin_at_the_mean_of_the_targets(mean, found):
    last = keras.layers.Dense(
        1, bias_initializer=keras.initializers.Constant(mean)
    )
    model = keras.Sequential([keras.Input((4,)), last])
    model.compile("adam", "mse")
    report = check_model(model, X, 288 + 8 * X[:, 0], select=["X107"])
    assert [one.code for one in report.findings] == found


def own_loss(y, p):
    return keras.ops.mean(keras.ops.square(p[:, 0] - p[:, 1]))


@pytest.mark.parametrize(
    "loss, severity", [("mse", "error"), (own_loss, "advice")]
)
def test_a_loss_of_ones_own_may_not_look_at_targets(loss, severity):
    (found,) = findings(np.zeros((200, 2)), loss, 2)
    assert (found.code, found.severity) == ("X109", severity)


@pytest.mark.parametrize("hidden, found", [(1, ["X107"]), (2, [])])
def test_deeper_networks_get_farther(hidden, found):
    y = 150 + 50 * X[:, 0]
    assert codes(y, hidden=hidden, epochs=200) == found


def test_the_line_that_scales_targets():
    y = 400 * X[:, 0]
    names = {"y": y}
    exec(findings(y)[0].fix.partition(". ")[0], names)
    assert codes(names["y"]) == []


def test_one_class_above_nine_tenths():
    (found,) = findings(RARE, BINARY, 1, "sigmoid")
    weights = found.repairs[0].value
    assert (found.code, weights) == ("X108", {0: 0.5263, 1: 10.0})
    assert "prior" in found.fix
    total = sum(weights[label] for label in RARE.tolist())
    assert total == pytest.approx(len(RARE), rel=1e-3)


@pytest.mark.parametrize(
    "y, loss, units, activation",
    [
        (ROW % 4 == 0, BINARY, 1, "sigmoid"),
        (RARE * 1.0, "mse", 1, None),
        (np.c_[RARE, RARE, RARE, ROW % 2], BINARY, 4, "sigmoid"),
        (ROW % 3, SPARSE, 3, "softmax"),
    ],
)
def test_classes_that_are_fine(y, loss, units, activation):
    assert codes(y, loss, units, activation) == []


@pytest.mark.parametrize(
    "y, loss, units, activation",
    [
        (np.zeros(200), BINARY, 1, "sigmoid"),
        (np.ones(200, int), SPARSE, 3, "softmax"),
        (np.full(200, 2.5), "mse", 1, None),
        (
            np.eye(3)[np.zeros(200, int)],
            "categorical_crossentropy",
            3,
            "softmax",
        ),
    ],
)
def test_targets_that_are_all_the_same(y, loss, units, activation):
    (found,) = findings(y, loss, units, activation)
    assert (found.code, found.severity) == ("X109", "error")


@pytest.mark.parametrize("severity", ["advice", "warning"])
def test_rows_in_order(severity):
    y = np.repeat([0, 1], 100)
    x = X
    if severity == "warning":
        x = [(X[k : k + 20], y[k : k + 20]) for k in range(0, 200, 20)]
        y = None
    (found,) = findings(y, BINARY, 1, "sigmoid", x)
    assert (found.code, found.severity) == ("X110", severity)


def test_an_adversary_may_want_one_answer():
    critic = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")]
    )
    critic.trainable = False
    given = keras.Input((4,))
    model = keras.Model(given, critic(keras.layers.Dense(4)(given)))
    model.compile("adam", BINARY)
    assert check_model(model, X, np.ones(200), select=["X109"]).ok


@pytest.mark.parametrize(
    "metric, loss, severity",
    [
        ("accuracy", BINARY, "warning"),
        (keras.metrics.Recall(), BINARY, "advice"),
        ("AUC", BINARY, "advice"),
        ("accuracy", "binary_focal_crossentropy", "advice"),
    ],
)
def test_who_knows_of_the_rare_class_is_advised(metric, loss, severity):
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")]
    )
    model.compile("adam", loss, metrics=[metric])
    (found,) = check_model(model, X, RARE, select=["X108"]).findings
    assert found.severity == severity

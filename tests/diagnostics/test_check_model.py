import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics import check_model
from tests.helpers.fit_state import changes
from tests.helpers.fit_state import fit_state
from tests.helpers.fit_state import random_states
from tests.helpers.prediction_state import changed
from tests.helpers.prediction_state import prediction_state
from tests.helpers.younger import needs_outputs_as_inputs

L = keras.layers
RNG = np.random.default_rng(0)
X = RNG.normal(size=(96, 4)).astype("float32")
Y = (X[:, 0] > 0).astype("int64") + (X[:, 1] > 0)


def body(x):
    x = L.BatchNormalization()(L.Dense(8, use_bias=False)(x))
    x = L.Dropout(0.3)(L.Activation("relu")(x))
    return L.Dense(3, activation="softmax", name="head")(x)


class Subclassed(keras.Model):
    """With a seed and a loss of its own."""

    def __init__(self):
        super().__init__()
        self.hidden = L.Dense(8, activation="relu")
        self.drop = L.Dropout(0.3)
        self.head = L.Dense(3, activation="softmax", name="head")
        self.seed = keras.random.SeedGenerator(3)

    def call(self, x, training=False):
        x = self.hidden(x)
        self.add_loss(1e-3 * keras.ops.mean(x))
        x = x + 1e-3 * keras.random.normal((8,), seed=self.seed)
        return self.head(self.drop(x, training=training))


def functional():
    inputs = keras.Input((4,))
    return keras.Model(inputs, body(inputs))


def nested():
    inputs = keras.Input((4,))
    return keras.Model(inputs, functional()(inputs))


def subclassed():
    model = Subclassed()
    model(X[:2])
    return model


MODELS = {
    "functional": functional,
    "nested": nested,
    "subclassed": subclassed,
}
SOUND = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
FIT = {"batch_size": 8, "epochs": 40}


def made(kind, **arguments):
    keras.utils.set_random_seed(1)
    model = MODELS[kind]()
    model.compile(keras.optimizers.Adam(1e-3), **(SOUND | arguments))
    return model


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("trained", [False, True])
def test_nothing_is_changed(kind, trained):
    model = made(kind)
    if trained:
        model.fit(X, Y, verbose=0, epochs=1)
    before = fit_state(model), prediction_state(model)
    given = X.copy(), Y.copy()
    check_model(model, X, Y, **FIT)
    assert changes(before[0], fit_state(model)) == []
    assert changed(before[1], prediction_state(model)) == []
    np.testing.assert_array_equal(given[0], X)
    np.testing.assert_array_equal(given[1], Y)


@pytest.mark.parametrize("kind", MODELS)
def test_a_sound_model_is_well(kind):
    report = check_model(made(kind), X, Y, **FIT)
    assert report.ok, report


@pytest.mark.parametrize("kind", MODELS)
def test_the_fault_and_its_layer_are_named(kind):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    report = check_model(made(kind, loss=loss), X, Y, **FIT)
    assert report.most_likely.topic in ("loss", "activation")
    assert report.most_likely.where.endswith("head")
    assert report.most_likely.severity in ("error", "warning")


def test_without_data_or_compile_what_can_be_is_checked():
    model = keras.Sequential(
        [keras.Input((4,)), L.Dense(1, activation="softmax")]
    )
    assert not check_model(model).ok
    assert check_model(functional()).ok


def test_a_model_that_is_not_built_is_checked_as_a_copy():
    model = keras.Sequential(
        [L.Dense(8, activation="relu"), L.Dense(1, activation="softmax")]
    )
    model.compile("adam", "binary_crossentropy")
    before = random_states()
    report = check_model(model, X, Y > 1, **FIT)
    assert changes(before, random_states()) == []
    assert not model.built
    assert report.most_likely.topic == "activation"


def test_a_subclassed_model_is_built_as_fit_builds_it():
    made = []
    for check in (True, False):
        keras.utils.set_random_seed(2)
        model = Subclassed()
        model.compile("sgd", "sparse_categorical_crossentropy")
        if check:
            assert check_model(model, X, Y, **FIT).ok
        model.fit(X, Y, epochs=1, batch_size=8, shuffle=False, verbose=0)
        made.append(model.get_weights())
    for one, other in zip(*made, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_model_that_cannot_be_built_is_refused():
    with pytest.raises(ValueError, match="or pass `x`"):
        check_model(keras.Sequential([L.Dense(1)]))


def test_codes_choose_what_is_checked():
    model = keras.Sequential(
        [keras.Input((4,)), L.Dense(1, activation="softmax")]
    )
    everything = check_model(model)
    code = everything.most_likely.code
    chosen = check_model(model, select=[code[0]], ignore=[code])
    assert everything.findings
    assert all(one.code[0] == code[0] for one in chosen.findings)
    assert code not in {one.code for one in chosen.findings}


BAD = {
    "model": ({"model": "sequential"}, TypeError),
    "batch_size": ({"batch_size": 0}, ValueError),
    "epochs": ({"epochs": 1.5}, TypeError),
    "overfit": ({"overfit": 1}, TypeError),
    "select": ({"select": "L"}, TypeError),
    "ignore": ({"ignore": ["nothing"]}, ValueError),
    "x": ({"x": None}, ValueError),
}


@pytest.mark.parametrize("name", BAD)
def test_other_arguments_are_refused(name):
    given, error = BAD[name]
    arguments = {"model": functional(), "x": X, "y": Y} | given
    with pytest.raises(error, match=f"`{name}` must be"):
        check_model(**arguments)


def test_the_report_says_what_was_looked_at():
    report = check_model(made("functional"), X, Y, **FIT)
    assert report.summary["loss"] == "sparse_categorical_crossentropy"
    assert report.summary["optimizer"] == "adam, learning rate 0.001"
    assert (report.summary["rows"], report.summary["epochs"]) == ("96", "40")
    assert [one["kind"] for one in report.layers] == [
        "dense",
        "normalization",
        "activation",
        "dense",
    ]
    assert report.layers[0]["parameters"] == 32


@pytest.mark.parametrize(
    "held", [(X, Y, None), [X, Y.tolist()]], ids=["no weights", "a list"]
)
def test_validation_data_are_those_of_fit(held):
    model = keras.Sequential([keras.Input((4,)), L.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    found = check_model(model, X, Y, validation_data=held)
    same = check_model(model, X, Y, validation_data=(X, Y))
    assert found.findings == same.findings


def test_fewer_arrays_than_inputs_are_told():
    left, right = keras.Input((4,), name="left"), keras.Input((4,))
    outputs = L.Dense(3, "selu")(L.Add()([left, right]))
    model = keras.Model([left, right], outputs)
    model.compile("adam", "mse")
    report = check_model(model, X, np.eye(3)[Y])
    assert "F101" in [one.code for one in report.findings]
    assert not report.ok


@pytest.mark.parametrize(
    "several", [pytest.param(False, marks=needs_outputs_as_inputs), True]
)
def test_an_output_may_be_an_input(several):
    inputs = keras.Input((4,))
    outputs = [L.Dense(3)(inputs), inputs] if several else inputs
    model = keras.Model(inputs, outputs)
    model.compile("adam", ["mse", "mse"] if several else "mse")
    targets = [np.eye(3)[Y], X] if several else X
    codes = [one.code for one in check_model(model, X, targets).findings]
    assert "F101" not in codes

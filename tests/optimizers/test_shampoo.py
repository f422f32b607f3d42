"""Shampoo against float64 replays with eigendecompositions."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers import shampoo_oracle
from tests.helpers.arrays import to_numpy

Shampoo = ktk.optimizers.Shampoo
STEPS, RATE = 10, 0.1
# Axes of one length where they are cut into blocks, so little is compiled.
SHAPES = [(6, 3), (5,), (), (3, 1, 3, 3)]
RNG = np.random.default_rng(0)
START = [RNG.normal(size=shape).astype("float32") for shape in SHAPES]
GRADIENTS = [
    [RNG.normal(size=shape).astype("float32") for shape in SHAPES]
    for _ in range(STEPS)
]
# A condition number of 1e3: rounding moves a root by about 1e-4 of itself.
SETTINGS = {"epsilon": 1e-3, "root_every": 3, "block_size": 4}


def replayed(place, **settings):
    rule, slots = shampoo_oracle.shampoo(**settings), {}
    weight = START[place].astype("float64")
    for step in GRADIENTS:
        weight = rule(weight, step[place], slots, RATE)
    return weight


def applied(optimizer, gradients=GRADIENTS, start=START, dtype="float32"):
    """Returns variables after eager updates."""
    variables = [
        keras.Variable(value, dtype=dtype, name=f"v{i}")
        for i, value in enumerate(start)
    ]
    optimizer.build(variables)
    for step in gradients:
        optimizer.apply(
            [keras.ops.convert_to_tensor(g, dtype) for g in step], variables
        )
    return variables


def test_ten_compiled_steps_equal_the_replay():
    """A matrix, a vector and a scalar, in blocks."""
    settings = {**SETTINGS, "beta_2": 0.95}
    optimizer = Shampoo(RATE, **settings)
    found, _ = shampoo_oracle.fit_gradients(
        optimizer, START[:3], [step[:3] for step in GRADIENTS]
    )
    for place, value in enumerate(found):
        np.testing.assert_allclose(
            value, replayed(place, **settings), rtol=1e-4, atol=2e-5
        )
    errors = optimizer.root_errors()
    assert len(errors) == 3
    assert 0 <= max(errors.values()) < 1e-3


KINDS = {
    "adam": {},
    "rmsprop": {"grafting": "rmsprop", "beta_2": 0.9},
    "adagrad": {"grafting": "adagrad", "beta_2": 1.0},
    "sgd": {"grafting": "sgd", "beta_1": 0.0},
    "nothing": {"grafting": None, "beta_2": 0.99},
    "sums": {"grafting": None, "beta_2": 1.0, "beta_1": 0.0},
}


@pytest.mark.parametrize(
    "kind, place", [*((kind, 0) for kind in KINDS), ("adam", 3), ("sums", 3)]
)
@pytest.mark.one_backend
def test_every_grafting_equals_the_replay(kind, place):
    """Of a matrix, and of a tensor of three axes."""
    settings = {**SETTINGS, **KINDS[kind]}
    [variable] = applied(
        Shampoo(RATE, **settings),
        [[step[place]] for step in GRADIENTS],
        [START[place]],
    )
    np.testing.assert_allclose(
        to_numpy(variable), replayed(place, **settings), rtol=1e-4, atol=1e-4
    )


@pytest.mark.one_backend
def test_a_step_is_as_long_as_one_of_adam():
    """Keras's own; its epsilon stands elsewhere."""
    gradients = [step[:1] for step in GRADIENTS]
    for count in (1, 2):
        before, after = (
            [
                to_numpy(applied(make(RATE), gradients[:n], START[:1])[0])
                for make in (Shampoo, keras.optimizers.Adam)
            ]
            for n in (count - 1, count)
        )
        ours, theirs = (
            np.linalg.norm(b - a) for a, b in zip(before, after, strict=True)
        )
        assert ours == pytest.approx(theirs, rel=1e-4)


DTYPES = {"float16": 4e-3, "bfloat16": 4e-2, "float32": 1e-4}
if keras.backend.backend() != "jax":
    DTYPES["float64"] = 1e-7


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.one_backend
def test_all_but_the_weight_is_wide(dtype):
    settings = {**SETTINGS, "grafting": "adam"}
    gradients = [step[:1] for step in GRADIENTS]
    [variable] = applied(
        optimizer := Shampoo(RATE, **settings), gradients, START[:1], dtype
    )
    assert variable.dtype == dtype
    wide = "float64" if dtype == "float64" else "float32"
    slots = [v for v in optimizer.variables if len(v.shape)]
    assert {slot.dtype for slot in slots} == {wide}
    np.testing.assert_allclose(
        to_numpy(variable),
        replayed(0, **settings),
        rtol=STEPS * DTYPES[dtype],
        atol=STEPS * DTYPES[dtype],
    )


@pytest.mark.one_backend
def test_the_config_round_trips():
    given = {
        "learning_rate": 0.25,
        "beta_1": 0.5,
        "beta_2": 1.0,
        "epsilon": 1e-4,
        "root_every": 7,
        "block_size": 16,
        "grafting": "adagrad",
        "weight_decay": 0.1,
        "clipnorm": 2.0,
        "name": "mine",
    }
    config = keras.saving.serialize_keras_object(Shampoo(**given))
    assert config["registered_name"] == "keras_trainkit>Shampoo"
    copy = keras.saving.deserialize_keras_object(config)
    assert isinstance(copy, Shampoo)
    assert {**given, **copy.get_config()} == copy.get_config()


BAD = {
    "beta_1 of 1": ({"beta_1": 1.0}, ValueError, r"\[0, 1\)"),
    "beta_2 of 0": ({"beta_2": 0.0}, ValueError, r"\(0, 1\]"),
    "beta_2 not a number": ({"beta_2": np.nan}, ValueError, "beta_2"),
    "epsilon of 0": ({"epsilon": 0.0}, ValueError, r"\(0, 0.1\]"),
    "epsilon a string": ({"epsilon": "small"}, TypeError, "epsilon"),
    "no updates": ({"root_every": 0}, ValueError, "at least 1"),
    "half an update": ({"root_every": 1.5}, TypeError, "root_every"),
    "no block": ({"block_size": 0}, ValueError, "at least 1"),
    "unknown grafting": ({"grafting": "lamb"}, ValueError, "'adam', 'rmsp"),
    "no grafting": ({"grafting": True}, TypeError, "one of"),
    "averages of sums": ({"beta_2": 1.0}, ValueError, "'adagrad'"),
    "an unknown argument": ({"momentum": 0.9}, ValueError, "momentum"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.one_backend
def test_bad_arguments_are_refused(case):
    given, error, words = BAD[case]
    with pytest.raises(error, match=words):
        Shampoo(**given)

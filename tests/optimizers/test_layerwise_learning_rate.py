"""Each variable at its own rate: against float64 replays, by `apply`."""

import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from tests.helpers import younger
from tests.helpers.arrays import to_numpy

Layerwise = ktk.optimizers.LayerwiseLearningRate
MULTIPLIERS = (1.0, 0.5, 0.1, 0.5)
SHAPES = ((3, 2), (2,), (2, 4), (4,))
STEPS, RATE, DECAY = 5, 0.05, 0.1
RNG = np.random.default_rng(3)
START = [RNG.normal(size=shape).astype("float32") for shape in SHAPES]
GRADIENTS = [
    [RNG.normal(size=shape).astype("float32") for shape in SHAPES]
    for _ in range(STEPS)
]


def variables():
    return [
        keras.Variable(value, name=f"v{i}") for i, value in enumerate(START)
    ]


def by_name(multipliers=MULTIPLIERS):
    return {f"*v{i}": value for i, value in enumerate(multipliers)}


def applied(optimizer, gradients=GRADIENTS):
    """Returns variables after `apply` with each list of gradients."""
    moved = variables()
    for step in gradients:
        tensors = [keras.ops.convert_to_tensor(g) for g in step]
        optimizer.apply(tensors, moved)
    return [to_numpy(variable) for variable in moved]


def sgd(w, g, s, rate):
    s["m"] = 0.9 * s.get("m", 0.0) - rate * g
    return w + s["m"]


def nesterov(w, g, s, rate):
    s["m"] = 0.9 * s.get("m", 0.0) - rate * g
    return w + 0.9 * s["m"] - rate * g


def adam(w, g, s, rate):
    t = s["t"] = s.get("t", 0) + 1
    m = s["m"] = 0.9 * s.get("m", 0.0) + 0.1 * g
    v = s["v"] = 0.999 * s.get("v", 0.0) + 0.001 * g * g
    return w - rate * (m / (1 - 0.9**t)) / (
        np.sqrt(v / (1 - 0.999**t)) + 1e-7 / np.sqrt(1 - 0.999**t)
    )


def adamw(w, g, s, rate):
    return adam(w - w * DECAY * rate, g, s, rate)


def rmsprop(w, g, s, rate):
    v = s["v"] = 0.9 * s.get("v", 0.0) + 0.1 * g * g
    return w - rate * g / np.sqrt(v + 1e-7)


def lion(w, g, s, rate):
    m = s.get("m", 0.0)
    s["m"] = 0.99 * m + 0.01 * g
    return w - rate * np.sign(0.9 * m + 0.1 * g)


REPLAYS = {
    "SGD": (sgd, lambda: keras.optimizers.SGD(RATE, momentum=0.9)),
    "Nesterov": (
        nesterov,
        lambda: keras.optimizers.SGD(RATE, momentum=0.9, nesterov=True),
    ),
    "Adam": (adam, lambda: keras.optimizers.Adam(RATE)),
    "AdamW": (
        adamw,
        lambda: keras.optimizers.AdamW(RATE, weight_decay=DECAY),
    ),
    "RMSprop": (rmsprop, lambda: keras.optimizers.RMSprop(RATE)),
    "Lion": (lion, lambda: keras.optimizers.Lion(RATE)),
}


@pytest.mark.parametrize("name", REPLAYS)
def test_variables_move_as_in_a_replay_with_rates_of_their_own(name):
    rule, make = REPLAYS[name]
    expected = [value.astype("float64") for value in START]
    slots = [{} for _ in START]
    for step in GRADIENTS:
        expected = [
            rule(w, g.astype("float64"), s, RATE * m)
            for w, g, s, m in zip(
                expected, step, slots, MULTIPLIERS, strict=True
            )
        ]
    found = applied(Layerwise(make(), by_name()))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)


OPTIMIZERS = [
    name
    for name in (
        "Adadelta",
        "Adafactor",
        "Adagrad",
        "Adam",
        "AdamW",
        "Adamax",
        "Ftrl",
        "Lamb",
        "Lion",
        "Muon",
        "Nadam",
        "RMSprop",
        "SGD",
        "ScheduleFreeAdamW",
    )
    if hasattr(keras.optimizers, name)
]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_at_one_it_is_the_bare_optimizer_bit_by_bit(name):
    make = getattr(keras.optimizers, name)
    bare = applied(make(RATE, weight_decay=DECAY))
    ours = applied(
        Layerwise(make(RATE, weight_decay=DECAY), lambda variable: 1.0)
    )
    for a, b in zip(ours, bare, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_each_variable_moves_as_with_an_optimizer_of_its_own(name):
    make = getattr(keras.optimizers, name)
    found = applied(Layerwise(make(RATE, weight_decay=DECAY), by_name()))
    for i, multiplier in enumerate(MULTIPLIERS):
        alone = make(RATE * multiplier, weight_decay=DECAY)
        variable = variables()[i]
        for step in GRADIENTS:
            alone.apply([keras.ops.convert_to_tensor(step[i])], [variable])
        np.testing.assert_allclose(
            found[i], to_numpy(variable), rtol=2e-5, atol=2e-6
        )


def test_at_zero_nothing_moves_a_variable():
    optimizer = Layerwise(
        keras.optimizers.AdamW(RATE, weight_decay=DECAY, global_clipnorm=0.5),
        by_name((0.0, 1.0, 1.0, 0.5)),
    )
    moved = variables()
    moved[0].constraint = keras.constraints.MaxNorm(0.1)
    for step in GRADIENTS:
        optimizer.apply([keras.ops.convert_to_tensor(g) for g in step], moved)
    np.testing.assert_array_equal(to_numpy(moved[0]), START[0])
    slots = [
        to_numpy(v) for v in optimizer.variables if tuple(v.shape) == SHAPES[0]
    ]
    assert len(slots) == 2
    np.testing.assert_array_equal(slots, np.zeros((2, *SHAPES[0])))


def test_at_zero_it_clips_and_moves_the_rest_as_if_frozen():
    def make():
        return keras.optimizers.Adam(RATE, global_clipnorm=0.5)

    found = applied(Layerwise(make(), by_name((0.0, 1.0, 1.0, 1.0))))
    rest, optimizer = variables()[1:], make()
    for step in GRADIENTS:
        optimizer.apply(
            [keras.ops.convert_to_tensor(g) for g in step[1:]], rest
        )
    for ours, theirs in zip(found[1:], rest, strict=True):
        np.testing.assert_array_equal(ours, to_numpy(theirs))


def test_the_rate_and_settings_are_those_of_the_inner_optimizer():
    optimizer = Layerwise(
        keras.optimizers.SGD(RATE, momentum=0.9, clipnorm=1.0), by_name()
    )
    optimizer.learning_rate = 0.3
    optimizer.momentum = 0.8
    inner = optimizer.inner_optimizer
    assert float(inner.learning_rate) == pytest.approx(0.3)
    assert float(optimizer.learning_rate) == pytest.approx(0.3)
    assert (inner.momentum, optimizer.clipnorm) == (0.8, 1.0)
    assert not hasattr(optimizer, "beta_1")


def test_updates_are_counted_by_the_inner_optimizer():
    optimizer = Layerwise(
        keras.optimizers.SGD(RATE, gradient_accumulation_steps=2), by_name()
    )
    applied(optimizer)
    assert int(optimizer.iterations) == STEPS // 2
    inner = optimizer.inner_optimizer.variables
    assert list(map(id, optimizer.variables)) == list(map(id, inner))


def test_an_optimizer_that_has_trained_goes_on_from_its_slots():
    whole = applied(Layerwise(keras.optimizers.Adam(RATE), lambda v: 1.0))
    inner, moved = keras.optimizers.Adam(RATE), variables()
    for i, step in enumerate(GRADIENTS):
        optimizer = inner if i < 2 else Layerwise(inner, lambda v: 1.0)
        optimizer.apply([keras.ops.convert_to_tensor(g) for g in step], moved)
    for ours, theirs in zip(moved, whole, strict=True):
        np.testing.assert_array_equal(to_numpy(ours), theirs)


def scaled():
    return keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam())


BAD = {
    "a loss scale inside": (scaled, {"*": 1.0}, ValueError, "outside"),
    "one inside another": (
        lambda: Layerwise("adam", {"*": 0.5}),
        {"*": 1.0},
        ValueError,
        "one LayerwiseLearningRate",
    ),
    "below zero": (lambda: "adam", {"*": -0.1}, ValueError, "at least 0"),
    "infinite": (lambda: "adam", {"*": np.inf}, ValueError, "finite"),
    "not a number": (lambda: "adam", {"*": np.nan}, ValueError, "finite"),
    "no float": (lambda: "adam", {"*": "half"}, TypeError, "number"),
    "no pattern": (lambda: "adam", {1: 0.5}, TypeError, "optimizers.multipl"),
    "no dictionary": (lambda: "adam", [0.5], TypeError, "dictionary"),
    "nothing": (lambda: "adam", None, TypeError, "dictionary"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arguments_are_refused(case):
    make, multipliers, error, words = BAD[case]
    with pytest.raises(error, match=words):
        Layerwise(make(), multipliers)


@younger.needs_multi_optimizer
def test_several_optimizers_inside_are_refused():
    several = keras.optimizers.MultiOptimizer(lambda v: keras.optimizers.SGD())
    with pytest.raises(ValueError, match="single optimizer"):
        Layerwise(several, {"*": 1.0})


UNBUILDABLE = {
    "matches nothing": ({"*stem*": 0.5}, "stem"),
    "is overruled": ({"*v1": 0.5, "*": 0.1}, "the last one"),
    "nothing moves": ({"*": 0.0}, "above 0"),
    "callable out of range": (lambda v: -1.0, "at least 0"),
}


@pytest.mark.parametrize("case", UNBUILDABLE)
def test_what_cannot_take_effect_is_refused_when_it_is_built(case):
    multipliers, words = UNBUILDABLE[case]
    optimizer = Layerwise(keras.optimizers.Adam(RATE), multipliers)
    with pytest.raises(ValueError, match=words):
        optimizer.build(variables())
    assert not optimizer.built
    assert not optimizer.inner_optimizer.built


def test_the_multipliers_cannot_be_set_later():
    optimizer = Layerwise("adam", by_name())
    with pytest.raises(AttributeError, match="Compile"):
        optimizer.multipliers = {"*": 0.5}
    assert optimizer.multipliers == by_name()


def test_the_config_round_trips():
    optimizer = Layerwise(keras.optimizers.Lion(0.2), by_name(), name="mine")
    config = keras.saving.serialize_keras_object(optimizer)
    copy = keras.saving.deserialize_keras_object(config)
    assert (copy.name, copy.multipliers) == ("mine", by_name())
    assert isinstance(copy.inner_optimizer, keras.optimizers.Lion)
    assert float(copy.learning_rate) == pytest.approx(0.2)


def test_nothing_to_apply_is_no_build():
    optimizer = Layerwise(keras.optimizers.SGD(RATE), by_name())
    optimizer.apply([])
    assert not optimizer.built
    applied(optimizer)


def test_a_batch_that_moves_nothing_counts():
    optimizer = Layerwise(keras.optimizers.SGD(RATE), by_name((0, 1, 1, 1)))
    moved = variables()
    optimizer.build(moved)
    optimizer.apply([keras.ops.ones(SHAPES[0])], [moved[0]])
    assert int(optimizer.iterations) == 1
    np.testing.assert_array_equal(to_numpy(moved[0]), START[0])


def test_too_few_gradients_are_refused():
    optimizer = Layerwise(keras.optimizers.SGD(RATE), by_name())
    optimizer.build(variables())
    with pytest.raises(ValueError, match="one for each of 4"):
        optimizer.apply([keras.ops.ones(SHAPES[0])])

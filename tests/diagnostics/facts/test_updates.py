import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics.facts.subject import Subject
from keras_trainkit.diagnostics.facts.updates import gentleness
from keras_trainkit.diagnostics.facts.updates import travel
from keras_trainkit.diagnostics.facts.updates import updates_of

pytestmark = pytest.mark.one_backend
X = np.zeros((70, 2))
SGD = keras.optimizers.SGD


def subject(optimizer="adam", x=X, **given):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer, "mse")
    return Subject(model, x, np.zeros(70) if x is X else None, **given)


def test_updates_are_batches_times_epochs():
    found = updates_of(subject(batch_size=20, epochs=5))
    assert (found.count, found.steps, found.batch_size) == (20, 4, 20)
    assert updates_of(subject(epochs=2)).count == 6
    assert updates_of(subject()) is None


def test_the_steps_of_a_dataset_are_its_own():
    batches = [(X[:7], np.zeros(7))] * 10
    found = updates_of(subject(x=batches, batch_size=20, epochs=3))
    assert (found.count, found.batch_size) == (30, 7)


@pytest.mark.parametrize(
    "moved, optimizer",
    [
        (0.3, lambda: keras.optimizers.Adam(0.01)),
        (3.0, lambda: SGD(0.1)),
        (30.0, lambda: SGD(0.1, momentum=0.9)),
        (
            sum(0.5**step for step in range(30)),
            lambda: SGD(
                keras.optimizers.schedules.ExponentialDecay(1.0, 1, 0.5)
            ),
        ),
    ],
)
def test_the_sum_of_the_rates(moved, optimizer):
    found = travel(subject(optimizer(), epochs=10))
    assert found == pytest.approx(moved, rel=1e-5)


def probability(optimizer, **given):
    layer = keras.layers.Dense(5, "sigmoid")
    model = keras.Sequential([keras.Input((2,)), layer])
    model.compile(optimizer, **given)
    return Subject(model, X, np.zeros((70, 5)))


def slope(loss):
    """The largest gradient that a loss has for what goes into a sigmoid."""
    z, step = np.linspace(-9, 9, 2001), 1e-5
    ends = [1 / (1 + np.exp(-(z + part))) for part in (step, -step)]
    high, low = (loss(p) for p in ends)
    return np.abs((high - low) / (2 * step)).max()


def test_a_squared_error_has_at_most_half_of_a_gradient():
    largest = slope(lambda p: p**2) / slope(lambda p: -np.log(1 - p))
    soft = gentleness(probability("sgd", loss="mse"))
    assert largest / 5 <= soft <= 0.5 / 5
    assert gentleness(probability("sgd", loss="binary_crossentropy")) == 1
    assert gentleness(subject("sgd")) == 1

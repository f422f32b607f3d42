import keras
import pytest

from keras_trainkit.backend.randomness.foreign_draws import ForeignDraws

BACKEND = keras.backend.backend()


def own_draw():
    """Draws from the backend's own generator."""
    if BACKEND == "torch":
        import torch

        return torch.rand(2)
    import tensorflow as tf

    return tf.random.uniform([2])


def keras_draw():
    return keras.random.uniform((2,), seed=1)


def seen_after(draw):
    """Returns what is seen of `draw`, in a traced function on TensorFlow."""
    found = []

    def function():
        before = ForeignDraws()
        drawn = draw()
        found.append(before.seen())
        return drawn

    if BACKEND == "tensorflow":
        import tensorflow as tf

        tf.function(function)()
    else:
        function()
    return found


@pytest.mark.skipif(
    BACKEND == "jax", reason="JAX has no random numbers without a key"
)
def test_the_backends_own_draw_is_seen():
    assert seen_after(own_draw) == [True]


def test_a_draw_by_a_key_is_none():
    assert seen_after(keras_draw) == [False]

"""Our serialisable objects that hold others, with a lambda put inside."""

import warnings

import keras

import keras_trainkit as ktk

S = ktk.schedules


def _decay():
    return keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)


# How to make one, and the place of what it holds in its configuration.
HOLDERS = {
    "Warmup": (lambda: S.Warmup(_decay(), 5), ("schedule",)),
    "ByEpoch": (lambda: S.ByEpoch(_decay(), 5), ("schedule",)),
    "Scaled": (lambda: S.Scaled(_decay(), 0.5), ("schedule",)),
    "Join": (lambda: S.Join([(5, _decay()), (5, _decay())]), ("parts", 0, 1)),
    "Chain": (
        lambda: ktk.constraints.Chain(keras.constraints.NonNeg()),
        ("constraints", 0),
    ),
    "initializers.Scaled": (
        lambda: ktk.initializers.Scaled(keras.initializers.Ones(), 0.5),
        ("initializer",),
    ),
    "GLU, initializer": (lambda: ktk.layers.GLU(3), ("kernel_initializer",)),
    "SwiGLU, constraint": (
        lambda: ktk.layers.SwiGLU(3, kernel_constraint="non_neg"),
        ("kernel_constraint",),
    ),
    "LayerwiseLearningRate": (
        lambda: ktk.optimizers.LayerwiseLearningRate("sgd", {"all": 0.5}),
        ("inner_optimizer",),
    ),
    "LayerwiseLearningRate, multipliers": (
        lambda: ktk.optimizers.LayerwiseLearningRate("sgd", {"all": 0.5}),
        ("multipliers",),
    ),
}


def with_lambda(thing, place, mark):
    """Returns the configuration of `thing` with code of a stranger's in it.

    Args:
        thing: A serialisable object.
        place: Keys that lead to what is replaced, inside of its own config.
        mark: Path of a file that the code writes.
    """
    config = keras.saving.serialize_keras_object(thing)
    *way, last = place
    inside = config["config"]
    for key in way:
        inside[key] = list(inside[key]) if key != last else inside[key]
        inside = inside[key]
    inside[last] = lambda_that_writes(mark)
    return config


def lambda_that_writes(mark):
    """Returns what Keras writes for a lambda that makes a file."""
    path = str(mark)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras says that it is unsafe.
        return keras.saving.serialize_keras_object(
            lambda *args, **kwargs: open(path, "w").close()
        )

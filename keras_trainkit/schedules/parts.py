"""What schedules that are made of schedules have in common."""

import keras

from keras_trainkit.kernels.argument_checks import require_number

LearningRateSchedule = keras.optimizers.schedules.LearningRateSchedule


def check_part(name, part):
    """Raises unless `part` is a schedule or a constant learning rate."""
    if isinstance(part, LearningRateSchedule):
        return
    require_number(
        name,
        part,
        "a LearningRateSchedule or a number, finite and of at least 0",
        lambda v: 0 <= v < float("inf"),
    )


def value_of(part, step):
    """Returns a part's learning rate at a step counted from its own start."""
    if isinstance(part, LearningRateSchedule):
        return keras.ops.convert_to_tensor(part(step))
    return keras.ops.convert_to_tensor(part, dtype=keras.config.floatx())


def serialize(part):
    """Returns a part's configuration; a number is its own."""
    if isinstance(part, LearningRateSchedule):
        return keras.saving.serialize_keras_object(part)
    return part


def deserialize(config):
    """Returns the part that `serialize` was given."""
    if isinstance(config, dict):
        return keras.saving.deserialize_keras_object(config)
    return config

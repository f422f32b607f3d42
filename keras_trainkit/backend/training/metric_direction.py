"""Which way a metric improves."""

import keras
from keras.src.callbacks.monitor_callback import MonitorCallback


def improves_upwards(model, monitor, owner):
    """Whether larger values of a metric are better, as Keras tells it.

    Args:
        model: A compiled `keras.Model` that has been trained for an epoch;
            before that its metrics are not known.
        monitor: Name in the logs, such as `"val_accuracy"`.
        owner: Name of the callback, for errors.

    Raises:
        ValueError: When Keras cannot tell.
    """
    # The base of EarlyStopping and ReduceLROnPlateau:
    # keras/src/callbacks/monitor_callback.py
    asked = type(owner, (MonitorCallback,), {})(monitor)
    asked.set_model(model)
    asked._set_monitor_op()
    return asked.monitor_op is keras.ops.greater

"""A training loop by hand, with hyperparameters set as plain numbers.

The oracle for optimizers that have no NumPy replay: Keras's own optimizer,
eager, never scheduled, told its values from outside before each update.
"""

import keras
import numpy as np

from tests.helpers.replay import batches


def train_linear(model, optimizer, x, y, batch_size, epochs, values):
    """Trains a `linear_model` with `optimizer` on analytic gradients.

    Args:
        values: One dictionary per update, of optimizer attributes.
    """
    accumulate = optimizer.gradient_accumulation_steps or 1
    optimizer.build(model.trainable_variables)
    for i, (bx, by) in enumerate(batches(x, y, batch_size, epochs)):
        for name, value in values[i // accumulate].items():
            setattr(optimizer, name, float(value))
        w, b = (np.asarray(v, "float64") for v in model.get_weights())
        error = 2 * (bx @ w + b - by) / by.size
        gradients = [bx.T @ error, error.sum(axis=0)]
        optimizer.apply(
            [
                keras.ops.convert_to_tensor(g, dtype=v.dtype)
                for g, v in zip(
                    gradients, model.trainable_variables, strict=True
                )
            ],
            model.trainable_variables,
        )
    optimizer.finalize_variable_values(model.trainable_variables)
    return model.get_weights()

"""A copy of a model that is equal in all that matters for training."""

import keras

from keras_trainkit.backend.devices.distribution import variable_scope
from keras_trainkit.backend.training.compile_state import carry_compile_state
from keras_trainkit.backend.training.compile_state import uncompile
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.models.copies import LayerCopies


def clone(model, compile=True):
    """Returns a copy of `model` that shares nothing with it.

    To try something out, such as several ways to fine-tune one pretrained
    model, each from the same start. `keras.models.clone_model` makes a model
    of the same architecture with new weights. This keeps weights, statistics
    and the state of seeds; the trainable flags of layers and of single
    variables; dtypes, constraints and regularizers, also those assigned to
    variables; layers that are called several times; and what the model is
    compiled with: loss, metrics (empty), settings, and the optimizer with its
    state, also in `LossScaleOptimizer` and `optimizers.LayerwiseLearningRate`.
    Training the copy leaves `model` as it is, bit for bit.

    Args:
        model: A `keras.Model`, built or not. Layers and models of your own
            are made anew by `from_config` of their `get_config`; they need
            not be registered.
        compile: Whether a compiled model's copy is compiled. Defaults to
            `True`.

    Returns:
        A model of the same class and name.

    Raises:
        TypeError: If `model` is no `keras.Model`.
        ValueError: If a layer's configuration does not make an equal one, or
            the optimizer or the class's own `compile` cannot be copied.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((4,)),
    ...         keras.layers.Dense(3, trainable=False),
    ...         keras.layers.Dense(1),
    ...     ]
    ... )
    >>> model.compile("adam", "mse")
    >>> copy = ktk.transfer.clone(model)
    >>> history = copy.fit(np.ones((8, 4)), np.ones((8, 1)), verbose=0)
    >>> int(copy.optimizer.iterations), int(model.optimizer.iterations)
    (1, 0)
    >>> [layer.trainable for layer in copy.layers]
    [False, True]
    """
    if not isinstance(model, keras.Model):
        raise bad_type("model", model, "a keras.Model")
    require_choice("compile", compile, (True, False))
    copies = LayerCopies()
    with variable_scope(model):
        new = copies(model)
        for error in copies.plain.values():
            raise error
        copies.carry_state()
        if new.compiled:
            uncompile(new)  # KerasHub's tasks compile themselves
        if compile and model.compiled:
            carry_compile_state(model, new, copies.variables)
    return new

"""What layers hold and change, though Keras does not list it as theirs.

`RNN(stateful=True)` makes its states where tracking is off
(keras/src/layers/rnn/rnn.py), and a `tf.Variable` or a torch generator that a
layer has made itself is nothing that Keras tracks.
"""

import sys

import keras

from keras_trainkit.backend.model.layers import all_layers


def untracked_variables(model):
    """Returns the variables in layers that `model.variables` leaves out.

    Looked for in the attributes of every layer, and in the lists, tuples,
    sets and dictionaries there.

    Args:
        model: A `keras.Model`.

    Returns:
        List of `keras.Variable` and, on TensorFlow, `tf.Variable`, each once.
    """
    known = {id(variable) for variable in model.variables}
    found = {}
    for held in _held_by_layers(model):
        variable = _variable_of(held)
        if variable is not None and id(variable) not in known:
            found[id(variable)] = variable
    return list(found.values())


def layer_generators(model):
    """Returns the torch generators that layers hold, as a list."""
    torch = sys.modules.get("torch")
    if torch is None:
        return []
    found = {
        id(held): held
        for held in _held_by_layers(model)
        if isinstance(held, torch.Generator)
    }
    return list(found.values())


def _held_by_layers(model):
    for layer in all_layers(model):
        yield from _within(list(vars(layer).values()), set())


def _within(container, entered):
    entered.add(id(container))
    parts = container.values() if isinstance(container, dict) else container
    for part in list(parts):
        if not isinstance(part, (list, tuple, set, dict)):
            yield part
        elif id(part) not in entered:
            yield from _within(part, entered)


def _variable_of(held):
    if isinstance(held, keras.Variable):
        return held
    if isinstance(held, keras.random.SeedGenerator):
        return held.state
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        if isinstance(held, tf.random.Generator):
            return held.state
        if isinstance(held, tf.Variable):
            return held
    return None

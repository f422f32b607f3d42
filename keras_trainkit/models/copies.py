"""Copies of layers that behave as their originals and share nothing."""

import tempfile

import keras

from keras_trainkit.backend.model.still_layers import set_stillness
from keras_trainkit.backend.model.still_layers import stillness
from keras_trainkit.models.forward_order import is_graph
from keras_trainkit.models.forward_order import sublayers
from keras_trainkit.models.frozen_alone import carry_note


class LayerCopies:
    """Copies layers, each once, for the `clone_function` of `clone_model`.

    `clone_model` copies configurations. `carry_state` then brings over what
    no configuration holds: weights, statistics, adapted vocabularies, seeds,
    the trainable flags of nested models and of layers inside composites, and
    what was assigned to variables.
    """

    def __init__(self):
        """Starts without copies."""
        self._pairs = {}

    def __call__(self, layer):
        """Returns the one copy of `layer`."""
        if id(layer) not in self._pairs:
            self._pairs[id(layer)] = (layer, self._copy(layer))
        return self._pairs[id(layer)][1]

    def carry_state(self):
        """Makes all copies, which must be built by now, equal in state."""
        # A nested model is noted after what it holds; its flag is set before,
        # since a flag is passed on to all below.
        pairs = [
            pair
            for original, copy in reversed(self._pairs.values())
            if isinstance(original, keras.Layer)
            for pair in zip(_parts(original), _parts(copy), strict=True)
        ]
        for original, copy in pairs:
            copy.trainable = original.trainable
            set_stillness(copy, stillness(original))
        for original, copy in pairs:
            _carry_own_state(original, copy)
            _carry_variables(original, copy)

    def _copy(self, layer):
        if not isinstance(layer, keras.Layer):
            return layer  # an operation of a graph has no state
        if isinstance(layer, keras.Model) and is_graph(layer):
            return keras.models.clone_model(layer, clone_function=self)
        return type(layer).from_config(layer.get_config())


def _parts(layer):
    if isinstance(layer, keras.Model) and is_graph(layer):
        return [layer]  # its layers have pairs of their own
    below = [part for sub in sublayers(layer) for part in _parts(sub)]
    return [layer, *below]


def _carry_own_state(original, copy):
    if original.built and not copy.built:
        copy.build_from_config(original.get_build_config())
    if isinstance(original, keras.Model) and is_graph(original):
        return
    # As a saved file would: Normalization, for one, computes from what is
    # loaded (keras/src/layers/preprocessing/normalization.py).
    store = {}
    original.save_own_variables(store)
    copy.load_own_variables(
        {name: keras.ops.convert_to_numpy(v) for name, v in store.items()}
    )
    if hasattr(original, "save_assets"):
        with tempfile.TemporaryDirectory() as folder:
            original.save_assets(folder)
            copy.load_assets(folder)


def _carry_variables(original, copy):
    for old, new in zip(original.variables, copy.variables, strict=True):
        # A JAX variable keeps the very array it is given, and a compiled
        # step frees the arrays of the model it trains.
        new.assign(keras.ops.copy(old))
        new.trainable = old.trainable
        carry_note(old, new)
        new.constraint = getattr(old, "constraint", None)
        new.regularizer = getattr(old, "regularizer", None)

"""Norms of gradients, weights and updates, taken inside the compiled step."""

import keras
import numpy as np

from keras_trainkit.backend.optimizer import tensor_norms
from keras_trainkit.backend.optimizer.update_hooks import completes_update
from keras_trainkit.backend.training.carried_state import make_variable
from keras_trainkit.backend.training.carried_state import read_number
from keras_trainkit.models.layer_tree import LayerTree

# The rows of what is measured.
BEFORE, AFTER, WEIGHT, UPDATE, PRESENT = range(5)


class GradientNorms:
    """An instrument of a train step: means over the updates since `begin`.

    Args:
        model: A built `keras.Model`.

    Attributes:
        paths: List of the paths of the layers that own weights.
        variables: What the step reads and writes.
    """

    def __init__(self, model):
        self.paths, self._columns = _columns(model)
        width = len(self.paths) + 1
        names = ("norms", "clipped_norms", "norm_peaks", "norm_updates")
        shapes = ((5, width), (2, width), (width,), ())
        self._means, self._pending, self._peaks, self._updates = (
            make_variable(model, shape, name)
            for name, shape in zip(names, shapes, strict=True)
        )
        self.variables = [
            self._means,
            self._pending,
            self._peaks,
            self._updates,
        ]
        self._layers_of_update = None

    def fits(self, model):
        """Whether the layers of a model are those that it measures."""
        return _columns(model) == (self.paths, self._columns)

    def begin(self):
        """Forgets what was measured."""
        for variable in self.variables:
            variable.assign(np.zeros(variable.shape, "float32"))

    def updates(self):
        """Returns how many updates were measured."""
        return int(read_number(self._updates))

    def read(self):
        """Returns means and largest norms since `begin`.

        Returns:
            Two float64 arrays: means (5, layers + 1) of the norms of the
            gradients before and after clipping, the weights and the updates,
            and of whether the layer was updated; and the largest norms of the
            gradients (layers + 1). The last column is of all layers together.
        """
        means = read_number(self._means).astype("float64")
        return means, read_number(self._peaks).astype("float64")

    def around(self, step, carried):
        """Returns the step itself: all happens in the optimizer."""
        return step

    def clipping(self, optimizer, plain, grads):
        """Measures the gradients before and after the clipping."""
        clipped = plain(grads)
        grads = list(grads)
        before = self._norms(tensor_norms.squared_norms(grads))
        after = before
        if any(a is not b for a, b in zip(grads, clipped, strict=True)):
            after = self._norms(tensor_norms.squared_norms(list(clipped)))
        self._pending.assign(keras.ops.stack([before, after]))
        return clipped

    def applying(self, optimizer, plain, grads, variables):
        """Measures the weights before the update, and what it changes."""
        variables = list(variables)
        self._layers_of_update = self._layers_of(variables)
        before = tensor_norms.values_of(variables)
        completes = completes_update(optimizer)
        weights = self._norms(tensor_norms.squared_norms(before))
        plain(grads, variables)
        after = [variable.value for variable in variables]
        changes = tensor_norms.differences(after, before)
        update = self._norms(tensor_norms.squared_norms(changes))
        present = np.minimum(self._layers_of_update.sum(axis=0), 1.0)
        present = keras.ops.convert_to_tensor(present)
        pending = keras.ops.convert_to_tensor(self._pending)
        rows = [pending[0], pending[1], weights, update, present]
        self._add(keras.ops.stack(rows), completes)

    def _add(self, seen, completes):
        means, peaks, updates = (
            keras.ops.convert_to_tensor(one)
            for one in (self._means, self._peaks, self._updates)
        )
        count = updates + 1.0
        new = (
            (self._means, means, means + (seen - means) / count),
            (self._peaks, peaks, keras.ops.maximum(peaks, seen[BEFORE])),
            (self._updates, updates, count),
        )
        for variable, old, value in new:
            if completes is not True:
                value = keras.ops.where(completes, value, old)
            variable.assign(value)

    def _norms(self, squares):
        """Returns the norms of the layers, and last that of all of them."""
        layers = keras.ops.convert_to_tensor(self._layers_of_update)
        # Not by a product: 0 times infinity is no number.
        of_layers = keras.ops.where(
            layers > 0, keras.ops.expand_dims(squares, 1), 0.0
        )
        return keras.ops.sqrt(keras.ops.sum(of_layers, axis=0))

    def _layers_of(self, variables):
        places = np.zeros((len(variables), len(self.paths) + 1), "float32")
        places[:, -1] = 1
        for row, variable in zip(places, variables, strict=True):
            row[self._columns[id(variable)]] = 1
        return places


def _columns(model):
    """Returns the paths of the layers, and `{id(variable): place}`."""
    owners = LayerTree(model)
    paths, columns = [], {}
    for path, layer in owners.owners:
        new = [w for w in owners.held_weights(layer) if id(w) not in columns]
        if new:
            columns.update(dict.fromkeys(map(id, new), len(paths)))
            paths.append(owners.paths.get(id(layer), path))
    return paths, columns

"""The loss and the size of its gradients on a batch of data."""

import dataclasses
import functools
import math

import numpy as np

from keras_trainkit.backend.model.tensors import to_numpy
from keras_trainkit.backend.training.gradients import LossAndGradients
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.data_checks import require_arrays
from keras_trainkit.models.inference_undone import inference_undone
from keras_trainkit.models.layer_tree import LayerTree


@dataclasses.dataclass(frozen=True)
class GradientProbe:
    """The loss on a batch, and norms of its gradients.

    Attributes:
        loss: Float, the loss without any loss scale.
        penalty: Float, the part of it that regularizers and layers add.
        gradients: `{path: norm}` of each variable that trains: the path of
            its layer and its name, such as `"encoder/dense/kernel"`. 0 where
            the loss does not depend on it.
        weights: `{path: norm}` of the variables themselves.
        counts: `{path: number of elements}`.
        owners: `{path: path of its layer}`.
        finite: `{path: whether every element of its gradient is finite}`.
    """

    loss: float
    penalty: float
    gradients: dict
    weights: dict
    counts: dict
    owners: dict
    finite: dict

    @property
    def norm(self):
        """The global norm, of all gradients together."""
        return _together(self.gradients.values())

    @functools.cached_property
    def layers(self):
        """`{path of the layer: norm}` of the gradients of its variables."""
        return self._by_layer(self.gradients)

    @functools.cached_property
    def ratios(self):
        """`{path of the layer: norm of its gradients / of its weights}`.

        Infinite for weights that are all 0.
        """
        weights = self._by_layer(self.weights)
        return {
            path: norm / weights[path] if weights[path] else math.inf
            for path, norm in self.layers.items()
        }

    def _by_layer(self, norms):
        grouped = {}
        for path, norm in norms.items():
            grouped.setdefault(self.owners[path], []).append(norm)
        return {path: _together(group) for path, group in grouped.items()}


def gradients(model, x, y=None, sample_weight=None, training=True):
    """Returns the loss of a model on a batch and norms of its gradients.

    The loss is the model's own, `compute_loss`, with what it is compiled
    with. Nothing is changed: variables, optimizer, metrics, statistics, seeds
    and the global random states are put back.

    To look at a model again and again, as a callback does, keep a `Gradients`
    of it: on JAX it is compiled once.

    Args:
        model: A built and compiled `keras.Model`.
        x: The inputs, as for `fit`: an array, or a list or dictionary of
            arrays.
        y: The targets, or `None`. Defaults to `None`.
        sample_weight: As for `fit`. Defaults to `None`.
        training: Whether layers run in training mode. Defaults to `True`.

    Returns:
        A `GradientProbe`.

    Raises:
        ValueError: If the model is not built, not compiled, or trains by a
            step of its own.

    Example:

    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> model.set_weights([np.zeros((2, 1)), np.zeros(1)])
    >>> model.compile("sgd", "mse")
    >>> probe = ktk.probing.gradients(model, np.ones((4, 2)), np.ones((4, 1)))
    >>> probe.loss, round(probe.norm, 4)
    (1.0, 3.4641)
    """
    probe = Gradients(model, training)
    require_arrays("x", x)
    for name, given in {"y": y, "sample_weight": sample_weight}.items():
        if given is not None:
            require_arrays(name, given)
    return probe(x, y, sample_weight)


class Gradients:
    """As `gradients`, for many batches.

    Args:
        model: A built and compiled `keras.Model`.
        training: Whether layers run in training mode. Defaults to `True`.
    """

    def __init__(self, model, training=True):
        require_choice("training", training, (True, False))
        self._model = model
        self._compute = LossAndGradients(model, training)

    def __call__(self, x, y=None, sample_weight=None):
        """Returns a `GradientProbe`."""
        with inference_undone(self._model):
            computed = self._compute(x, y, sample_weight)
        variables, values = self._compute.variables, computed.gradients
        owned = variable_paths(self._model)
        paths = [owned[id(variable)] for variable in variables]
        names = ["/".join(path) for path in paths]
        return GradientProbe(
            computed.loss,
            computed.penalty,
            gradients=dict(zip(names, map(_norm, values), strict=True)),
            weights={
                name: _norm(to_numpy(variable))
                for name, variable in zip(names, variables, strict=True)
            },
            counts={n: v.size for n, v in zip(names, values, strict=True)},
            owners={"/".join(path): path[0] for path in paths},
            finite={
                name: bool(np.isfinite(value).all())
                for name, value in zip(names, values, strict=True)
            },
        )


def variable_paths(model):
    """Returns `{id(variable): (path of its layer, its name)}`.

    Two variables of a layer that have one name get numbers. Of a layer that
    is reached on two paths the first counts, and of a variable that two
    layers hold the layer that is called first.

    Args:
        model: A built `keras.Model`.
    """
    tree, found, taken = LayerTree(model), {}, set()
    for path, layer in [*tree.below, (model.name, model)]:
        path = tree.paths.get(id(layer), path)
        for variable in tree.own_weights(layer):
            name, number = variable.name, 2
            while (path, name) in taken:
                name, number = f"{variable.name}_{number}", number + 1
            if id(variable) not in found:
                found[id(variable)] = path, name
                taken.add((path, name))
    return found


def _norm(values):
    with np.errstate(all="ignore"):
        return float(np.linalg.norm(values.astype("float64")))


def _together(norms):
    return math.sqrt(sum(norm * norm for norm in norms))

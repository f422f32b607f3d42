"""Each layer's kernel scaled when a forward pass comes to it."""

import dataclasses

import keras
import numpy as np

from keras_trainkit.backend.model.lent_methods import lent_methods
from keras_trainkit.backend.model.observed_calls import has_values
from keras_trainkit.backend.model.tensors import to_numpy
from keras_trainkit.initializers.linear_layers import is_linear
from keras_trainkit.initializers.linear_layers import linear_kernels
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.models.kinds import core_of
from keras_trainkit.models.layer_tree import LayerTree


@dataclasses.dataclass(frozen=True)
class ScaledLayer:
    """A layer whose kernel was scaled.

    Attributes:
        path: The layer's path.
        before: Variance of what it returned for the kernel before the scaling,
            in front of its activation.
        after: The variance for the kernel that it has now.
        rounds: How often the kernel was scaled.
    """

    path: str
    before: float
    after: float
    rounds: int


class UnitScaling:
    """Stands in for the calls of linear layers during one forward pass.

    The pass runs in a `keras.StatelessScope`, so that assigning a kernel is
    seen by what follows and by nobody else.

    Args:
        model: A built `keras.Model`.
        rng: A NumPy generator for orthonormal kernels, or `None`: as they are.
        tolerance: How far from 1 a variance may be.
        rounds: How often a kernel is scaled at most.

    Attributes:
        scaled: List of `ScaledLayer`s.
        kernels: List of `(variable, values)` to be assigned.
    """

    def __init__(self, model, rng, tolerance, rounds):
        self._rng, self._tolerance, self._rounds = rng, tolerance, rounds
        self._model = model
        self._failure = None
        self._reasons, self._owners = {}, {}
        self.scaled, self.kernels = [], []
        wrapped = set()
        for path, layer in LayerTree(model).below:
            if id(layer) in self._owners or id(layer) in wrapped:
                continue
            if core_of(layer) is not layer:
                wrapped.add(id(core_of(layer)))
            if layer.weights and not layer_holds_others(layer):
                self._owners[id(layer)] = path, layer
                self._reasons[path] = _why_not(layer)

    def stand_ins(self):
        """Returns what is lent, for `lent_methods`."""
        return [
            (layer, "call", self._standing_in(path, layer))
            for path, layer in self._owners.values()
            if self._reasons[path] is _NOT_CALLED
        ]

    def left(self):
        """Returns `{path: reason}` of the layers that are as they were."""
        done = {one.path for one in self.scaled}
        return {p: why for p, why in self._reasons.items() if p not in done}

    def require_success(self):
        """Raises if a layer could not be scaled, or none was."""
        if self._failure is not None:
            raise self._failure
        if not self.scaled:
            raise bad_value(
                "model",
                self._model.name,
                "a model with a layer whose kernel can be scaled",
                "; ".join(f"{p}: {why}" for p, why in self.left().items()),
            )

    def _standing_in(self, path, layer):
        def call(method, *args, **kwargs):
            if self._reasons[path] is _NOT_CALLED and self._failure is None:
                # Keras rewrites what is raised within a call.
                self._failure = self._scale(path, layer, method, args, kwargs)
            return method(*args, **kwargs)

        return call

    def _scale(self, path, layer, method, args, kwargs):
        """Scales a kernel; returns an error instead of raising it."""
        self._reasons[path] = "it was looked at"
        kernels = linear_kernels(layer)
        taken = {id(variable) for variable, _ in self.kernels}
        if any(id(kernel) in taken for kernel in kernels):
            self._reasons[path] = "its kernel is that of a layer before it"
            return None
        values = [to_numpy(k.value).astype("float32") for k in kernels]
        if self._rng is not None:
            values = [_orthonormal(one.shape, self._rng) for one in values]
        seen = []
        for scaled in range(self._rounds + 1):
            _assign(kernels, values)
            variance = _variance(layer, method, args, kwargs)
            if variance is None:
                self._reasons[path] = "its calls are traced and show no values"
                return None
            if not 0 < variance < np.inf:
                return self._failed(path, f"have variance {variance:.3g}")
            seen.append(variance)
            if abs(variance - 1) <= self._tolerance:
                self.scaled.append(ScaledLayer(path, seen[0], variance, scaled))
                self.kernels += zip(kernels, values, strict=True)
                return None
            values[-1] = values[-1] / np.sqrt(variance)
        return self._failed(
            path, f"still have variance {variance:.3g} after {scaled} rounds"
        )

    def _failed(self, path, what):
        return bad_value(
            "model",
            self._model.name,
            "a model whose layers return values that vary and that follow "
            f"their kernels; those of {path!r} for this `x` {what}",
            "Zero kernels (pass `orthogonal=True`), constant inputs, large "
            "biases or values that are not finite do that.",
        )


_NOT_CALLED = "the pass does not call it"


def layer_holds_others(layer):
    """Whether `layer` holds layers with weights that are looked at alone."""
    inner = core_of(layer)
    below = keras.Model.layers.fget(inner)
    return any(one.weights for one in below)


def _why_not(layer):
    if not is_linear(layer):
        kind = type(core_of(layer)).__name__
        return f"a {kind} is not linear in one kernel"
    kernels = linear_kernels(layer)
    if not kernels:
        return "its kernel is quantised or has LoRA"
    if not all(kernel.trainable for kernel in kernels):
        return "it is frozen"
    return _NOT_CALLED


def _assign(kernels, values):
    for kernel, value in zip(kernels, values, strict=True):
        kernel.assign(keras.ops.convert_to_tensor(value, dtype=kernel.dtype))


def _variance(layer, method, args, kwargs):
    """Returns the variance in front of the activation, `None` if traced."""
    seen, core = [], core_of(layer)

    def look(activation, *arguments):
        seen.append(arguments[0])
        return activation(*arguments)

    lent = []
    if callable(getattr(core, "activation", None)):
        lent.append((core, "activation", look))
    with lent_methods(lent):
        results = method(*args, **kwargs)
    seen = seen or keras.tree.flatten(results)
    if not all(map(has_values, seen)):
        return None
    values = [to_numpy(one).astype("float64").reshape(-1) for one in seen]
    with np.errstate(all="ignore"):
        return float(np.var(np.concatenate(values)))


def _orthonormal(shape, rng):
    """Returns a kernel whose columns, or rows if fewer, are orthonormal."""
    rows, columns = int(np.prod(shape[:-1])), shape[-1]
    drawn = rng.normal(size=(max(rows, columns), min(rows, columns)))
    base, upper = np.linalg.qr(drawn)
    base = base * np.sign(np.diag(upper))
    base = base if rows >= columns else base.T
    return base.reshape(shape).astype("float32")

"""The outputs of every layer of a model on a batch of data."""

import dataclasses

import keras
import numpy as np

from keras_trainkit.backend.devices.between_processes import own_values
from keras_trainkit.backend.model.built import require_built
from keras_trainkit.backend.model.layers import takes_training
from keras_trainkit.backend.model.observed_calls import observed_calls
from keras_trainkit.backend.model.observed_calls import without_gradients
from keras_trainkit.backend.model.tensors import as_tensor
from keras_trainkit.backend.model.tensors import is_float
from keras_trainkit.backend.model.tensors import to_numpy
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.data_checks import require_arrays
from keras_trainkit.kernels.unit_statistics import dead_share
from keras_trainkit.kernels.unit_statistics import row_spread
from keras_trainkit.kernels.unit_statistics import saturated_share
from keras_trainkit.models.inference_undone import inference_undone
from keras_trainkit.probing.observed_layers import bounds
from keras_trainkit.probing.observed_layers import dead_at_zero
from keras_trainkit.probing.observed_layers import observed_layers
from keras_trainkit.probing.observed_layers import unit_axis


@dataclasses.dataclass(frozen=True)
class LayerOutput:
    """Statistics of what one call of a layer returned on a batch.

    Attributes:
        path: The layer's path; a layer that is called again has the number
            of the call behind it, such as `"encoder#2"`.
        layer: The `keras.Layer` or `keras.Operation`.
        shape: The shape of the output; of several, of the first.
        mean: Mean over all elements.
        std: Standard deviation over all elements.
        row_spread: Root mean square over the units of the standard deviation
            over the rows: 0 if all rows are equal.
        largest: Greatest absolute value.
        dead: Share of the units that are 0 in every row, where the layer has
            an activation whose slope is 0 there; else `None`.
        saturated: Share of the elements within 1 % of the range from a bound
            of the layer's activation; `None` where it has no bounds.
        finite: Whether every element is finite.
    """

    path: str
    layer: object
    shape: tuple
    mean: float
    std: float
    row_spread: float
    largest: float
    dead: float | None
    saturated: float | None
    finite: bool


class ForwardProbe(dict):
    """`{path: LayerOutput}` in the order of the forward pass.

    Attributes:
        outputs: List of the model's outputs, NumPy arrays.
    """

    outputs = ()

    @property
    def first_non_finite(self):
        """Path of the first layer with a NaN or infinite output, or `None`."""
        return next((path for path, o in self.items() if not o.finite), None)


def forward(model, x, training=False):
    """Runs a model on a batch and looks at the outputs of every layer.

    Models inside are opened, and so are subclassed ones and layers of one's
    own that hold others; a layer of Keras is one layer. Nothing is changed:
    variables, statistics, seeds and the global random states are put back.

    Args:
        model: A built `keras.Model`, compiled or not.
        x: The inputs, as for `predict`: an array, or a list or dictionary of
            arrays.
        training: Whether layers run in training mode. Defaults to `False`.

    Returns:
        A `ForwardProbe`, a dictionary of `LayerOutput`s.

    Raises:
        ValueError: If the model is not built.

    Example:

    >>> model = keras.Sequential(
    ...     [keras.Input((4,)), keras.layers.Dense(3, "relu", name="hidden")]
    ... )
    >>> model.set_weights([np.zeros((4, 3)), np.array([-1.0, 0.0, 2.0])])
    >>> ktk.probing.forward(model, np.ones((8, 4)))["hidden"].dead
    0.6666666666666666
    """
    require_choice("training", training, (True, False))
    require_built(model)
    with inference_undone(model):
        return _observed(model, x, training)


def _observed(model, x, training):
    probe, layers = ForwardProbe(), observed_layers(model)
    paths = {id(layer): path for path, layer in layers.items()}
    called = {}

    def see(layer, outputs):
        path = paths[id(layer)]
        called[path] = called.get(path, 0) + 1
        if called[path] > 1:
            path = f"{path}#{called[path]}"
        floats = [to_numpy(one) for one in outputs if is_float(one)]
        if floats:
            probe[path] = _statistics(path, layer, floats)

    kwargs = {"training": training} if takes_training(model) else {}
    require_arrays("x", x)
    x = keras.tree.map_structure(as_tensor, x)
    with (
        keras.StatelessScope(own_values(model)),
        without_gradients(),
        observed_calls(list(layers.values()), see),
    ):
        results = model(x, **kwargs)
    probe.outputs = [to_numpy(one) for one in keras.tree.flatten(results)]
    return probe


def _statistics(path, layer, outputs):
    """Returns the `LayerOutput` of a call that returned these arrays."""
    values, limits = outputs[0], bounds(layer)
    finite = all(np.isfinite(one).all() for one in outputs)
    # Sums of infinities and overflows are what they are.
    with np.errstate(all="ignore"):
        return LayerOutput(
            path,
            layer,
            values.shape,
            mean=float(np.mean(values, dtype="float64")),
            std=float(np.std(values, dtype="float64")),
            row_spread=row_spread(values),
            largest=float(np.max(np.abs(values), initial=0.0)),
            dead=(
                dead_share(values, unit_axis(layer))
                if dead_at_zero(layer)
                else None
            ),
            saturated=saturated_share(values, *limits) if limits else None,
            finite=bool(finite),
        )

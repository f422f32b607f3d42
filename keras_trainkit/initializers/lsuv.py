"""Layer-sequential unit variance: kernels scaled by what passes."""

import dataclasses

import keras
import numpy as np

from keras_trainkit.backend.model.built import require_built
from keras_trainkit.backend.model.layers import takes_training
from keras_trainkit.backend.model.lent_methods import lent_methods
from keras_trainkit.backend.model.observed_calls import without_gradients
from keras_trainkit.backend.model.tensors import as_tensor
from keras_trainkit.initializers.new_values import write_first_values
from keras_trainkit.initializers.unit_scaling import UnitScaling
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.kernels.data_checks import require_arrays
from keras_trainkit.models.inference_undone import inference_undone


@dataclasses.dataclass(frozen=True)
class UnitVariance:
    """What `lsuv` has done. Printed, it is a table.

    Attributes:
        layers: List of `ScaledLayer`s in the order of the forward pass, each
            with `path`, `before`, `after` (variances) and `rounds`.
        left: `{path: reason}` of the layers with weights that are as they
            were.
    """

    layers: list
    left: dict

    def __str__(self):
        """Returns a table of the layers and of what was left."""
        width = max(len(one.path) for one in self.layers)
        rows = [f"{'layer':<{width}}  before    after"]
        rows += [
            f"{one.path:<{width}}  {one.before:<8.3g}  {one.after:.3g}"
            for one in self.layers
        ]
        rows += [f"left: {path}, {why}" for path, why in self.left.items()]
        return "\n".join(rows)


def lsuv(model, x, orthogonal=True, tolerance=0.1, rounds=10, seed=None):
    """Scales the kernels of a model until every layer has variance 1.

    An initializer knows the shape of a kernel, not what its inputs are like:
    after pooling, attention, concatenation, Swish or GELU no formula keeps
    the size of a signal exactly. LSUV measures it. From the first layer to
    the last, each kernel is drawn orthonormal and then divided by the
    standard deviation of what the layer returns for a batch, before its
    activation, all elements together:

    ```
    kernel <- orthonormal
    while |var(output) - 1| > tolerance:   kernel <- kernel / std(output)
    ```

    For deep networks without normalisation; with normalisation behind every
    layer it changes nothing. It takes one forward pass, in which each layer
    is computed two or three times, and works for any model, since it looks at
    calls and needs no graph. Meant are `Dense`, `EinsumDense` (those in
    `MultiHeadAttention`, too), convolutions and their transposed, depthwise
    and separable (by their pointwise kernel) forms. A layer that is called
    several times is scaled at its first call. Recurrent layers, frozen
    layers, and those of which the pass shows no values are left, and named.

    Nothing else is changed: moving statistics, biases, seeds and the states
    of random generators stay, and the kernels, too, if anything fails. (A
    built optimizer forgets what it remembers of the kernels.)

    Args:
        model: A built `keras.Model`, compiled or not.
        x: The inputs, as for `predict`: a batch of a few hundred typical rows,
            an array, or a list or dictionary of arrays.
        orthogonal: Whether kernels are drawn orthonormal first. `False` scales
            them as they are. Defaults to `True`.
        tolerance: Float above 0, how far from 1 a variance may be. Defaults to
            `0.1`.
        rounds: Integer of at least 1, how often a kernel is scaled at most.
            Defaults to `10`; without biases one is enough.
        seed: Integer for the orthonormal kernels. Defaults to `None`: drawn,
            by NumPy's global generator.

    Returns:
        A `UnitVariance`: `.layers`, `.left`.

    Raises:
        ValueError: If the model is not built, if no layer can be scaled, or
            if what a layer returns does not vary, is not finite, or does not
            come to variance 1. The model is as it was.
        TypeError: For arguments of another type.

    Example:

    >>> x = np.random.default_rng(0).normal(size=(256, 20))
    >>> model = keras.Sequential([keras.Input((20,))])
    >>> for _ in range(30):
    ...     model.add(keras.layers.Dense(50, "swish"))
    >>> def last_std():
    ...     return float(np.std(model.predict(x, verbose=0)))
    >>> last_std() < 1e-6
    True
    >>> found = ktk.initializers.lsuv(model, x, seed=0)
    >>> len(found.layers), 0.3 < last_std() < 3
    (30, True)

    Reference:

    - [Mishkin and Matas, 2016](https://arxiv.org/abs/1511.06422)
    """
    require_choice("orthogonal", orthogonal, (True, False))
    require_number(
        "tolerance",
        tolerance,
        "a finite number above 0",
        lambda v: 0 < v < float("inf"),
    )
    require_integer("rounds", rounds, 1)
    if seed is not None:
        require_integer("seed", seed, 0)
    require_arrays("x", x)
    require_built(model)
    if seed is None:
        seed = np.random.randint(2**31)
    rng = np.random.default_rng(seed) if orthogonal else None
    scaling = UnitScaling(model, rng, float(tolerance), int(rounds))
    with inference_undone(model):
        _run(model, x, scaling)
    scaling.require_success()
    write_first_values(model, scaling.kernels)
    return UnitVariance(scaling.scaled, scaling.left())


def _run(model, x, scaling):
    """Runs the model once; what is assigned stays in the scope."""
    kwargs = {"training": False} if takes_training(model) else {}
    x = keras.tree.map_structure(as_tensor, x)
    with (
        keras.StatelessScope(),
        without_gradients(),
        lent_methods(scaling.stand_ins()),
    ):
        model(x, **kwargs)

"""A model for inference, its BatchNormalization folded away."""

import keras

from keras_trainkit.batch_norm.folding.channel_map import normalization_in
from keras_trainkit.batch_norm.folding.flow import Flow
from keras_trainkit.batch_norm.folding.plan import Plan
from keras_trainkit.batch_norm.folding.rebuild import rebuilt
from keras_trainkit.batch_norm.folding.result import Folding
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.models.built_graph import require_built_graph
from keras_trainkit.models.comparison import drawn_sample
from keras_trainkit.models.comparison import largest_difference
from keras_trainkit.models.layer_tree import LayerTree

_SUBCLASSED = (
    "What stands beside a layer is settled by a subclassed model's own code: "
    "fold the functional models that it holds, and put their copies into it."
)


def fold(model, sample=None):
    """Returns a copy of `model` for inference without BatchNormalization.

    At inference, batch normalisation multiplies each channel by a number and
    adds another,

        y = scale * x + shift,   scale = gamma / sqrt(variance + epsilon),
                                 shift = beta - scale * mean

    so a linear layer beside it can do that, too: one in front with its kernel
    times `scale` and its bias times `scale` plus `shift`, one behind likewise
    on its inputs. The outputs stay the same but for rounding, with fewer
    layers and weights. Call it once the model has been trained, before
    `quantize` and `export`, which need it where layers are to be merged.

    - Folded into: `Dense`, `EinsumDense`, convolutions of one to three
      dimensions, depthwise, separable and transposed ones, each also in
      `TimeDistributed`. One without a bias gets one. Low-rank updates (LoRA)
      are merged; regularizers and constraints are dropped.
    - In between may stand what commutes with the map: dropout and noise,
      which do nothing at inference, cropping, up-sampling, average pooling,
      `MaxPooling` where no scale is negative, `Flatten`, and the borders of
      nested models, which are opened.
    - Left as they are, with the reason: those with an activation, a sum or a
      concatenation on both sides; those whose shift a `padding="same"` behind
      them would not see; and whatever else would change the outputs.

    Args:
        model: A built Sequential or functional `keras.Model`. It is left as
            it is.
        sample: Inputs to compare the two models on, as for a call of the
            model. Defaults to `None`: two rows of standard normal numbers,
            where the shapes of the inputs are known and they are floats.

    Returns:
        A `Folding`: the new model, not compiled, with the names of the layers
        that are left, and Sequential if `model` is; what was folded into
        what; what was left, and why; and the largest difference measured. A
        BatchNormalization that makes an output becomes an `Identity` of its
        name, since outputs are named so.

    Raises:
        TypeError: If `model` is no Sequential or functional model.
        ValueError: If it is not built, or has no BatchNormalization.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((4,)),
    ...         keras.layers.Dense(8, use_bias=False, name="hidden"),
    ...         keras.layers.BatchNormalization(name="norm"),
    ...         keras.layers.ReLU(name="relu"),
    ...         keras.layers.BatchNormalization(name="last_norm"),
    ...         keras.layers.Dense(1, name="head"),
    ...     ]
    ... )
    >>> folding = ktk.batch_norm.fold(model)
    >>> folding.folded
    {'norm': ('hidden',), 'last_norm': ('head',)}
    >>> [layer.name for layer in folding.model.layers]
    ['hidden', 'relu', 'head']
    >>> folding.largest_difference < 1e-5
    True

    Reference:

    - [Jacob et al., 2018](https://arxiv.org/abs/1712.05877)
    """
    require_built_graph(model, _SUBCLASSED)
    paths = {}
    for path, layer in LayerTree(model).below:
        paths.setdefault(id(layer), path)
    norms = [
        (path, layer)
        for path, layer in LayerTree(model).below
        if isinstance(layer, keras.layers.BatchNormalization)
        and paths[id(layer)] == path
    ]
    if not norms:
        raise bad_value(
            "model", model.name, "one with a BatchNormalization to fold"
        )
    plan = Plan(Flow(model))
    new = rebuilt(model, plan)
    sample = drawn_sample(model) if sample is None else sample
    return Folding(
        new,
        *_by_path(plan, norms, paths),
        None if sample is None else largest_difference(model, new, sample),
    )


def _by_path(plan, norms, paths):
    """Returns what was folded and what was left, by the paths of layers."""
    wrappers = {id(normalization_in(one)): one for one in plan.operations}
    folded, left = {}, {}
    for path, norm in norms:
        operation = wrappers.get(id(norm))
        if operation is None:
            left[path] = "it is inside a layer, which is not opened"
        elif id(operation) in plan.folded:
            into = plan.folded[id(operation)]
            folded[path] = tuple(paths[id(one)] for one in into)
        else:
            left[path] = plan.left[id(operation)]
    return folded, left

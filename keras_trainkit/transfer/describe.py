"""A table of the groups of a model and of how they train."""

import dataclasses
import html
import math

import keras

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.models.groups import grouped
from keras_trainkit.models.groups import weights_by_layer
from keras_trainkit.models.layer_tree import LayerTree

_HEADER = ("group", "path", "weights", "trainable", "multiplier")


@dataclasses.dataclass(frozen=True)
class LayerRow:
    """One layer of a model, as `describe` found it.

    Attributes:
        group: Number of its group, 0 for the stem.
        path: Its layer path.
        weights: Number of its weights, single numbers counted.
        trainable: How many of them train.
        multipliers: Tuple `(lowest, highest)` of the multiples of the
            learning rate at which those that train do; `None` where the model
            is not compiled with layer-wise rates, or nothing trains.
    """

    group: int
    path: str
    weights: int
    trainable: int
    multipliers: tuple | None


class ModelDescription:
    """What `describe` returns: a table as text, and as HTML in notebooks.

    Attributes:
        name: The model's name.
        rows: List of `LayerRow`s, from stem to head.
    """

    def __init__(self, name, rows):
        """Keeps what was found."""
        self.name, self.rows = name, rows

    def __repr__(self):
        """The table as text."""
        lines = [_HEADER, *self._cells(), self._total()]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        head, *text, total = [_aligned(line, widths) for line in lines]
        rule = "-" * (sum(widths) + 2 * len(widths) - 2)
        return "\n".join([head, rule, *text, rule, total])

    def _repr_html_(self):
        head = _html_row(_HEADER, "th")
        body = [_html_row(cells, "td") for cells in self._cells()]
        total = _html_row(self._total(), "th")
        caption = f"<caption>{html.escape(self.name)}</caption>"
        return f"<table>{caption}{head}{''.join(body)}{total}</table>"

    def _cells(self):
        before = None
        cells = []
        for row in self.rows:
            group = "" if row.group == before else str(row.group)
            before = row.group
            numbers = (f"{row.weights:,}", f"{row.trainable:,}")
            rates = _range(row.multipliers)
            cells.append((group, row.path, *numbers, rates))
        return cells

    def _total(self):
        weights = sum(row.weights for row in self.rows)
        trainable = sum(row.trainable for row in self.rows)
        return ("", "all", f"{weights:,}", f"{trainable:,}", "")


def describe(model, n=None):
    """Returns a table of the model's groups of layers, to be looked at.

    To check, before and between stages of fine-tuning, what would train and
    how fast: the groups of `models.layer_groups`, from stem to head, and for
    each layer its path, the number of its weights, how many of them train,
    and the multiple of the learning rate at which they do, where the model is
    compiled with an `optimizers.LayerwiseLearningRate`.

    Args:
        model: A `keras.Model`, built, compiled or not.
        n: Number of groups, as for `layer_groups`. Defaults to `None`: the
            natural groups.

    Returns:
        An object that prints as a table, is shown as HTML in a notebook, and
        has the numbers in `rows`.

    Raises:
        TypeError: If `model` is no `keras.Model`, or `n` no integer.
        ValueError: If `n` is out of range, or the order of the forward pass
            is unknown.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((4,)),
    ...         keras.layers.Dense(3, name="hidden", trainable=False),
    ...         keras.layers.Dense(1, name="head"),
    ...     ]
    ... )
    >>> ktk.transfer.describe(model)
    group  path    weights  trainable  multiplier
    ---------------------------------------------
    0      hidden       15          0
    1      head          4          4
    ---------------------------------------------
           all          19          4
    """
    if not isinstance(model, keras.Model):
        raise bad_type("model", model, "a keras.Model")
    tree = LayerTree(model)
    found = weights_by_layer(tree, grouped(tree, n))
    paths = {id(model): model.name}
    for path, layer in tree.below:
        paths.setdefault(id(layer), path)
    trained = {id(weight) for weight in model.trainable_weights}
    optimizer = _layerwise(getattr(model, "optimizer", None))
    rows = [
        _row(group, paths[id(layer)], weights, trained, optimizer)
        for group, pairs in enumerate(found)
        for layer, weights in pairs
    ]
    return ModelDescription(model.name, rows)


def _row(group, path, weights, trained, optimizer):
    moving = [weight for weight in weights if id(weight) in trained]
    rates = None
    if optimizer is not None and moving:
        values = [optimizer.multiplier_of(weight) for weight in moving]
        rates = (min(values), max(values))
    return LayerRow(group, path, _size(weights), _size(moving), rates)


def _layerwise(optimizer):
    """Returns the optimizer that knows multipliers, or `None`."""
    while optimizer is not None and not hasattr(optimizer, "multiplier_of"):
        optimizer = getattr(optimizer, "inner_optimizer", None)
    return optimizer


def _size(weights):
    return sum(math.prod(weight.shape) for weight in weights)


def _range(multipliers):
    if multipliers is None:
        return ""
    lowest, highest = multipliers
    if lowest == highest:
        return f"{lowest:.4g}"
    return f"{lowest:.4g} to {highest:.4g}"


def _aligned(cells, widths):
    group, path, *numbers = zip(cells, widths, strict=True)
    left = [text.ljust(width) for text, width in (group, path)]
    right = [text.rjust(width) for text, width in numbers]
    return "  ".join([*left, *right]).rstrip()


def _html_row(cells, tag):
    inside = "".join(f"<{tag}>{html.escape(one)}</{tag}>" for one in cells)
    return f"<tr>{inside}</tr>"

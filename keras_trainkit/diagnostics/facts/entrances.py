"""Every input of a model: its values, and the layer that they first meet."""

import dataclasses
import weakref

import keras
import numpy as np

from keras_trainkit.backend.model.tensors import to_numpy
from keras_trainkit.kernels.data_facts.columns import ColumnFacts
from keras_trainkit.kernels.data_facts.columns import column_facts

_WITH_KERNEL = ("dense", "conv", "recurrent", "attention")
_PASSED = ("reshape", "pooling", "dropout")
_LAYERS = keras.layers

_known = weakref.WeakKeyDictionary()


@dataclasses.dataclass(frozen=True)
class Entrance:
    """One input.

    Attributes:
        place: Integer, which of the model's inputs.
        where: Path of the first layer with a kernel, or `""`.
        kind: Kind of that layer: `"dense"`, `"conv"`, `"recurrent"`,
            `"attention"`; `"normalized"` where a layer takes care of the
            scale; `"embedding"`; `"unknown"`.
        x: Array of the sample's rows.
        facts: The `ColumnFacts` of the values as that layer gets them, or
            `None` where they are no numbers.
        scale: What the values are multiplied by on the way.
        offset: What is added then.
        changed_by: Path of the first layer that does so, or that is meant to
            and was never adapted; `""` without one.
    """

    place: int
    where: str
    kind: str
    x: np.ndarray
    facts: ColumnFacts | None
    scale: float = 1.0
    offset: float = 0.0
    changed_by: str = ""

    @property
    def seen(self):
        """The rows as the first layer with a kernel gets them."""
        return self.x * self.scale + self.offset

    @property
    def takes_numbers(self):
        """Whether values go into a layer with a kernel as they are."""
        return self.kind in _WITH_KERNEL and self.facts is not None


@dataclasses.dataclass
class _Way:
    """From an input to the first layer with a kernel."""

    kind: str
    where: str = ""
    scale: float = 1.0
    offset: float = 0.0
    changed_by: str = ""


def entrances(subject):
    """Returns a list of the `Entrance`s of a `Subject` that has a sample."""
    if subject not in _known:
        _known[subject] = _entrances(subject)
    return _known[subject]


def _entrances(subject):
    network, x = subject.network, subject.sample.x
    if len(network.entries) == len(x):
        ways = [_first_way(nodes) for nodes in network.entries]
    else:
        ways = [_of_no_graph(network)] * len(x)
    return [
        Entrance(
            place,
            way.where,
            way.kind,
            one,
            _facts(one, way),
            way.scale,
            way.offset,
            way.changed_by,
        )
        for place, (one, way) in enumerate(zip(x, ways, strict=True))
    ]


def _facts(x, way):
    if x.dtype.kind not in "biuf" or way.kind == "embedding":
        return None
    return column_facts(x, way.scale, way.offset)


def _of_no_graph(network):
    kinds = [node.kind for node in network.nodes]
    careful = ("normalization", "preprocessing", "embedding", "other")
    if not kinds or any(kind in careful for kind in kinds):
        return _Way("unknown")
    first = next((n for n in network.nodes if n.kind in _WITH_KERNEL), None)
    return _Way("unknown") if first is None else _Way(first.kind, first.path)


def _first_way(nodes):
    """Returns the one of several ways that asks the least of the values."""
    ways = [_way(node, 1.0, 0.0) for node in nodes] or [_Way("unknown")]
    harmless = [way for way in ways if way.kind not in _WITH_KERNEL]
    return (harmless or ways)[0]


def _way(node, scale, offset):
    changed_by = ""
    while True:
        if node.kind in _WITH_KERNEL:
            kind = "normalized" if _normalized_after(node) else node.kind
            return _Way(kind, node.path, scale, offset, changed_by)
        if node.kind == "normalization":
            return _Way("normalized", node.path, scale, offset)
        if node.kind == "embedding":
            return _Way("embedding", node.path)
        layer = node.core
        if isinstance(layer, (_LAYERS.Rescaling, _LAYERS.Normalization)):
            changed_by = changed_by or node.path
        if isinstance(layer, _LAYERS.Rescaling):
            if not (np.isscalar(layer.scale) and np.isscalar(layer.offset)):
                return _Way("normalized", node.path)
            scale = scale * layer.scale
            offset = offset * layer.scale + layer.offset
        elif isinstance(layer, _LAYERS.Normalization):
            if _adapted(layer):
                return _Way("normalized", node.path)
        elif not (node.kind in _PASSED or _keeps_values(layer)):
            return _Way("unknown")
        if len(node.after) != 1:
            return _Way("unknown")
        node = node.after[0]


def _keeps_values(layer):
    """Whether a layer moves or joins values, and leaves their size alone."""
    moves = (
        _LAYERS.Concatenate,
        _LAYERS.Resizing,
        _LAYERS.CenterCrop,
        _LAYERS.RandomCrop,
        _LAYERS.RandomFlip,
        _LAYERS.RandomRotation,
        _LAYERS.RandomTranslation,
        _LAYERS.RandomZoom,
    )
    return isinstance(layer, moves)


def _adapted(layer):
    """Whether a Normalization has learnt, or was given, a mean or a scale."""
    values = [
        np.asarray(to_numpy(one), "float64")
        for one in (
            getattr(layer, "mean", None),
            getattr(layer, "variance", None),
        )
        if one is not None
    ]
    if len(values) != 2:
        return False
    return bool((values[0] != 0).any() or (values[1] != 1).any())


def _normalized_after(node):
    """Whether what a layer puts out is normalised at once."""
    behind = node.after
    while len(behind) == 1 and behind[0].kind == "reshape":
        behind = behind[0].after
    return len(behind) == 1 and behind[0].kind == "normalization"

"""What zeros are worth: how many there are, and what files weigh."""

import dataclasses
import gzip
import os
import tempfile

import keras

from keras_trainkit.backend.model.built import require_weights
from keras_trainkit.backend.model.tensors import to_numpy
from keras_trainkit.backend.training.compile_state import without_optimizer
from keras_trainkit.models.layer_tree import LayerTree

_HEADER = ("layer", "weights", "zeros", "sparsity", "bytes", "gzipped")


@dataclasses.dataclass(frozen=True)
class LayerSparsity:
    """The zeros of one layer.

    Attributes:
        path: Its layer path.
        weights: How many numbers its weights are.
        zeros: How many of them are exactly 0.
        dense_bytes: What they take in memory.
        gzipped_bytes: What the same bytes take compressed.
    """

    path: str
    weights: int
    zeros: int
    dense_bytes: int
    gzipped_bytes: int

    @property
    def sparsity(self):
        """The share of zeros; 0 of no weights."""
        return self.zeros / max(self.weights, 1)


class SparsityReport:
    """What `sparsity_report` returns; it prints as a table.

    Attributes:
        layers: List of `LayerSparsity`, one for each layer with weights.
        total: A `LayerSparsity` of all of them.
        file_bytes: Size of the file of the weights, as it was written.
        gzipped_file_bytes: Size of the same file, compressed.
    """

    def __init__(self, layers, file_bytes, gzipped_file_bytes):
        """Keeps what was found."""
        self.layers = layers
        self.total = LayerSparsity(
            "all",
            *(
                sum(getattr(layer, name) for layer in layers)
                for name in ("weights", "zeros", "dense_bytes", "gzipped_bytes")
            ),
        )
        self.file_bytes = file_bytes
        self.gzipped_file_bytes = gzipped_file_bytes

    def __repr__(self):
        """The table as text."""
        lines = [_HEADER, *map(_cells, [*self.layers, self.total])]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        head, *text, total = [_aligned(line, widths) for line in lines]
        rule = "-" * len(head)
        file = (
            f"weights on disk: {self.file_bytes:,} bytes, gzipped "
            f"{self.gzipped_file_bytes:,}"
        )
        return "\n".join([head, rule, *text, rule, total, file])


def sparsity_report(model):
    """Counts the zeros of a model, and what its weights weigh with them.

    A zero takes as much memory, and as much of a file, as any other number:
    only what is compressed gets smaller. So for each layer there are the
    bytes of its weights as they are, in the dtype that they have (a quantised
    layer's are fewer), and after gzip; and for the whole the size of a
    `.weights.h5` file, which is written for that, without the optimizer's
    state, and of that file after gzip. Nothing is said of speed: dense
    kernels multiply zeros as fast as anything else.

    Args:
        model: A built `keras.Model`.

    Returns:
        A `SparsityReport`: it prints as a table, and has the numbers in
        `layers`, `total`, `file_bytes` and `gzipped_file_bytes`.

    Raises:
        TypeError: If `model` is no `keras.Model`.
        ValueError: If it has no weights yet.

    Example:

    >>> model = keras.Sequential(
    ...     [keras.Input((64,)), keras.layers.Dense(64, name="head")]
    ... )
    >>> shares = ktk.compression.prune(model, 0.75)
    >>> report = ktk.compression.sparsity_report(model)
    >>> report.layers[0].zeros, report.layers[0].dense_bytes
    (3136, 16640)
    >>> report.total.gzipped_bytes < 0.6 * report.total.dense_bytes
    True
    """
    require_weights(model)
    return SparsityReport(_layers(model), *_file_sizes(model))


def _layers(model):
    tree = LayerTree(model)
    found, seen = [], set()
    for path, layer in tree.owners:
        weights = [w for w in tree.held_weights(layer) if id(w) not in seen]
        seen.update(map(id, weights))
        if weights:
            found.append(_layer(path, weights))
    return found


def _layer(path, weights):
    numbers = [to_numpy(weight.value) for weight in weights]
    content = b"".join(map(_bytes, weights))
    return LayerSparsity(
        path,
        sum(one.size for one in numbers),
        sum(int((one == 0).sum()) for one in numbers),
        len(content),
        len(_gzipped(content)),
    )


def _bytes(weight):
    """Returns a weight as it lies in memory; NumPy lacks bfloat16."""
    value = keras.ops.stop_gradient(weight.value)
    if keras.backend.standardize_dtype(weight.dtype) == "bfloat16":
        value = keras.ops.view(value, "int16")
    return keras.ops.convert_to_numpy(value).tobytes()


def _file_sizes(model):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.weights.h5")
        with without_optimizer(model):
            model.save_weights(path)
        with open(path, "rb") as file:
            content = file.read()
    return len(content), len(_gzipped(content))


def _gzipped(content):
    return gzip.compress(content, compresslevel=6, mtime=0)


def _cells(layer):
    return (
        layer.path,
        f"{layer.weights:,}",
        f"{layer.zeros:,}",
        f"{layer.sparsity:.1%}",
        f"{layer.dense_bytes:,}",
        f"{layer.gzipped_bytes:,}",
    )


def _aligned(cells, widths):
    first, *rest = [
        text.ljust(width) if i == 0 else text.rjust(width)
        for i, (text, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join([first, *rest])

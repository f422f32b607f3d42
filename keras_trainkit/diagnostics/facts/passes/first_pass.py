"""What one forward and backward pass on a small batch shows."""

import contextlib
import dataclasses
import functools

import keras
import numpy as np

from keras_trainkit.backend.model.tensors import to_numpy
from keras_trainkit.backend.randomness.random_state import RandomState
from keras_trainkit.backend.training.batch_loss import own_methods
from keras_trainkit.backend.training.compile_copies import compile_like
from keras_trainkit.backend.training.gradients import LossAndGradients
from keras_trainkit.models.inference_undone import inference_undone
from keras_trainkit.probing.forward import forward
from keras_trainkit.probing.gradients import gradients

# Enough rows to tell a dead unit from a rare one, few enough to be quick.
_ROWS, _ELEMENTS = 128, 2_000_000
_FEWEST = 8
# What stands in for weights that are all 0: they may grow.
_NUDGE = 0.05


@dataclasses.dataclass
class FirstPass:
    """What was seen on a batch, in training mode, before any training.

    Attributes:
        x: The inputs of the batch, as the model is called.
        y: The targets, or `None`.
        layers: `{path: LayerOutput}` in the order of the forward pass.
        outputs: List of the model's outputs, NumPy arrays.
        probe: The `GradientProbe`, or `None` where there is no loss.
        error: Message of what was raised, or `None`.
        silent: Paths of the layers that no gradient reaches, not even with
            small random numbers in place of weights that are 0.
    """

    x: object
    y: object
    layers: dict
    outputs: list
    probe: object = None
    error: str | None = None
    silent: tuple = ()

    @property
    def loss(self):
        """The loss, or `None`."""
        return None if self.probe is None else self.probe.loss

    @functools.cached_property
    def gradients(self):
        """`{path of the layer: norm of its gradients}`."""
        return {} if self.probe is None else self.probe.layers

    @property
    def rows(self):
        """Rows of the batch."""
        return len(keras.tree.flatten(self.x)[0])

    @property
    def finite(self):
        """Whether outputs, loss and gradients are all finite."""
        outputs = all(one.finite for one in self.layers.values())
        if self.probe is None:
            return outputs
        return (
            outputs
            and bool(np.isfinite(self.loss))
            and all(self.probe.finite.values())
        )


def first_pass(subject):
    """Runs a model forwards and backwards on rows from all over the sample.

    Nothing is changed. A model that raises is not an error here: it is a
    finding.

    Args:
        subject: A `Subject`.

    Returns:
        A `FirstPass`, or `None` without data.
    """
    if subject.sample is None:
        return None
    x, y = small_batch(subject.sample)
    model, seen = subject.model, FirstPass(x, y, {}, [])
    try:
        probe = forward(model, x, training=True)
        seen.layers, seen.outputs = dict(probe), probe.outputs
        with _compiled(subject) as trained:
            if trained is not None and y is not None:
                seen.probe = gradients(trained, x, y)
                seen.silent = _silent(trained, x, y, seen.probe)
    # Whatever layers and losses of the user's own may raise.
    except Exception as error:
        seen.error = f"{type(error).__name__}: {error}"
    return seen


def small_batch(sample, rows=_ROWS):
    """Returns rows from all over a sample, as a model and a loss take them.

    Args:
        sample: A `Sample`.
        rows: Integer, at most so many; fewer of large inputs. Defaults to
            128.

    Returns:
        Tuple `(x, y)`; `y` is `None` without targets.
    """
    size = max(1, sum(one[0].size for one in sample.x))
    rows = min(sample.n, max(_FEWEST, min(rows, _ELEMENTS // size)))
    places = np.linspace(0, sample.n - 1, rows).astype(int)
    return keras.tree.map_structure(
        lambda one: None if one is None else one[places],
        sample.head(sample.n),
    )


@contextlib.contextmanager
def _compiled(subject):
    """Yields what has both variables and a loss, or `None`.

    A model that was not built is looked at as a copy, which is compiled for
    this.
    """
    model, given = subject.model, subject.given
    own_step = own_methods(given, ["train_step"])
    if not given.compiled or own_step:
        yield None
    elif model is given:
        yield model
    else:
        random = RandomState()
        try:
            compile_like(model, given, subject.copies)
            yield model
        finally:
            random.restore()


def _silent(model, x, y, probe):
    """Returns the paths of the layers that no gradient can reach."""
    still = [path for path, norm in probe.layers.items() if norm == 0]
    if not still:
        return ()
    compute = LossAndGradients(model)
    draws = np.random.default_rng(0)
    weights = [_nudged(v, draws) for v in compute.variables]
    with inference_undone(model):
        nudged = compute(x, y, weights=weights).gradients
    owners = list(dict(zip(probe.gradients, nudged, strict=True)).items())
    reached = {probe.owners[path] for path, value in owners if value.any()}
    return tuple(path for path in still if path not in reached)


def _nudged(variable, draws):
    value = np.asarray(to_numpy(variable), "float32")
    if value.any():
        return value
    return draws.normal(scale=_NUDGE, size=value.shape)

"""Many samples in one call, each computed as if it were alone.

Unlike a batch repeated along its rows, this asks nothing of the function:
whatever it does with rows, it does with the rows of one sample.
"""

import functools

import keras
import numpy as np

from keras_trainkit.backend.randomness.random_masks import Draws
from keras_trainkit.backend.randomness.random_masks import torch_mask


class CannotMap(Exception):
    """A draw that only a sample by itself can make."""


def mapped_draws(function, keys, xla, at_once=1, specs=()):
    """Returns what `function` returns for each key, stacked.

    Args:
        function: Callable from a `Draws` to a list of tensors. It is called
            for all samples at once.
        keys: As `random_masks.as_keys` returns them.
        xla: Whether XLA compiles it.
        at_once: Integer, how many samples are computed side by side on JAX.
            Defaults to `1`.
        specs: The shapes and dtypes of what it returns, for TensorFlow.
            Defaults to none.

    Returns:
        List of tensors with the samples along the first axis.

    Raises:
        CannotMap: On torch, for draws other than masks of dropout; errors of
            torch where it cannot map an operation.
    """
    backend = keras.backend.backend()
    if backend == "torch":
        return _torch_mapped(function, keys)

    def one(key):
        return function(Draws((key[0], key[1]), xla))

    if backend == "tensorflow":
        import tensorflow as tf

        like = [tf.TensorSpec(spec.shape, spec.dtype) for spec in specs]
        return tf.map_fn(one, keys, fn_output_signature=like)
    import jax

    # A loop, since what all samples hold side by side leaves the caches.
    at_once = at_once if at_once > 1 else None
    return jax.lax.map(one, keys, batch_size=at_once)


def _torch_mapped(function, keys):
    import torch

    def one(lane):
        draws = _LaneDraws(keys[0], len(keys))
        with _lane_mode()(draws):
            return function(draws)

    return torch.vmap(one)(torch.arange(len(keys)))


class _LaneDraws(Draws):
    """Draws for all samples that `torch.vmap` computes at once."""

    def __init__(self, key, lanes):
        super().__init__(key, xla=False)
        self._lanes = lanes
        self._level = _current_level()
        self._seeds = set()

    def seed(self):
        """Returns a seed; what is drawn with it differs from lane to lane."""
        seed = super().seed()
        self._seeds.add(int(seed[0]))
        return seed

    def drawn_with(self, generator, function, args, kwargs):
        """Returns what a random function of torch draws for each lane.

        `torch.vmap` refuses to draw itself, and NumPy is faster on a CPU.
        """
        import torch

        seed, known = generator.initial_seed(), _known_draws()
        if seed not in self._seeds or function not in known:
            raise CannotMap(str(function))
        random = np.random.Generator(np.random.SFC64(seed))
        drawn = known[function](random, self._lanes, *args, **kwargs)
        drawn = torch.from_numpy(drawn).to(generator.device)
        return self._parted(drawn.to(kwargs.get("dtype") or drawn.dtype))

    def _torch_mask(self, inputs, key, rate, shape):
        return self._parted(
            torch_mask(inputs, key, rate, (self._lanes, *shape))
        )

    def _parted(self, drawn):
        """Returns `drawn`, each lane seeing its own entry of the first axis."""
        if _current_level() != self._level:
            raise CannotMap("a draw inside of another vmap")
        from torch._C import _functorch

        return _functorch._add_batch_dim(drawn, 0, self._level)


def _current_level():
    # torch/_functorch/vmap.py. Public is `randomness="different"`, but then
    # torch's own generator draws, which takes ten times as long on a CPU.
    from torch._C import _functorch

    return _functorch.maybe_current_level()


@functools.cache
def _known_draws():
    """Those that keras/src/backend/torch/random.py calls with a seed."""
    import torch

    return {
        torch.rand: _uniform,
        torch.normal: _normal,
        torch.bernoulli: _bernoulli,
    }


def _uniform(random, lanes, size, **_):
    return random.random((lanes, *size), "float32")


def _normal(random, lanes, mean, std, size, **_):
    drawn = random.standard_normal((lanes, *size), "float32")
    return drawn * np.float32(std) + np.float32(mean)


def _bernoulli(random, lanes, probability, **_):
    drawn = random.random((lanes, *probability.shape), "float32")
    return (drawn < probability.cpu().numpy()).astype("float32")


@functools.cache
def _lane_mode():
    import torch

    class Lanes(torch.overrides.TorchFunctionMode):
        """What `torch.vmap` cannot do with Keras's code as it is."""

        def __init__(self, draws):
            super().__init__()
            self._draws = draws

        def __torch_function__(self, function, types, args=(), kwargs=None):
            kwargs = dict(kwargs or {})
            # Keras's convolutions ask for a layout in memory, and since 3.16
            # for another one (keras/src/backend/torch/nn.py); any will do.
            if function is torch.Tensor.is_contiguous and kwargs:
                return True
            if function is torch.Tensor.contiguous:
                kwargs.pop("memory_format", None)
            if kwargs.get("generator") is not None:
                generator = kwargs.pop("generator")
                return self._draws.drawn_with(generator, function, args, kwargs)
            return function(*args, **kwargs)

    return Lanes

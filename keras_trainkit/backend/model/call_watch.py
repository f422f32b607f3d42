"""Watching which layers a symbolic forward pass calls."""

import contextlib
import functools
import threading

# Two watches at once would give back each other's patches.
_ONE_AT_A_TIME = threading.RLock()


@contextlib.contextmanager
def watched_calls(layers):
    """Notes in which order this thread calls `layers` inside the block.

    A layer that is not built is not built by the block: it raises a
    `ValueError` instead. Calls by other threads go through as ever.

    Args:
        layers: List of `keras.Layer`s.

    Yields:
        Dict of `id(layer)` to the place of its first call, filled by and by.
    """
    called, thread = {}, threading.get_ident()
    with _ONE_AT_A_TIME:
        before = [
            {k: vars(layer)[k] for k in ("call", "build") if k in vars(layer)}
            for layer in layers
        ]
        try:
            for layer in layers:
                # Layer.__setattr__ would track what it is given.
                vars(layer)["call"] = _noting(layer, called, thread)
                if not layer.built:
                    vars(layer)["build"] = _refusing(layer, thread)
            yield called
        finally:
            for layer, own in zip(layers, before, strict=True):
                for name in ("call", "build"):
                    vars(layer).pop(name, None)
                vars(layer).update(own)


def _noting(layer, called, thread):
    call = layer.call

    @functools.wraps(call)
    def noted(*args, **kwargs):
        if threading.get_ident() == thread:
            called.setdefault(id(layer), len(called))
        return call(*args, **kwargs)

    return noted


def _refusing(layer, thread):
    build = layer.build

    @functools.wraps(build)
    def refused(*args, **kwargs):
        if threading.get_ident() == thread:
            raise ValueError(f"the layer {layer.name!r} has not been built")
        return build(*args, **kwargs)

    return refused

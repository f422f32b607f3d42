"""Callbacks: they say when; what happens lies below."""

from keras_trainkit.callbacks.one_cycle import OneCycle

__all__ = ["OneCycle"]

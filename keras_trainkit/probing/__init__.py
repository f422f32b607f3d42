"""Gradients, updates and activations, seen in a training step or beside it."""

from keras_trainkit.probing.forward import forward
from keras_trainkit.probing.gradients import gradients

__all__ = ["forward", "gradients"]

"""The train function, and the `fit` that runs it."""

__all__ = []

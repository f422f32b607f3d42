"""Batch normalisation folded into the layers beside it."""

__all__ = []

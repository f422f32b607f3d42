"""Probabilities, entropies, calibration and scores."""

__all__ = []

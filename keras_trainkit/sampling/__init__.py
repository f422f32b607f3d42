"""The Monte Carlo engine."""

__all__ = []

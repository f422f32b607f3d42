"""What the curves of a training show: trends, noise and their limits."""

__all__ = []

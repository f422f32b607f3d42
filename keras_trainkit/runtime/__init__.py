"""runtime."""

__all__ = []

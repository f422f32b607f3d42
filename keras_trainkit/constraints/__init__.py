"""constraints."""

__all__ = []

"""Models without their dead units."""

__all__ = []

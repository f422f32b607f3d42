"""plots."""

__all__ = []

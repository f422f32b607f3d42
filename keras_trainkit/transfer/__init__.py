"""transfer."""

__all__ = []

"""Where a frozen trunk ends, and its features, computed once."""

__all__ = []

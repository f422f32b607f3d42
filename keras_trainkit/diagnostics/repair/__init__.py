"""From findings to fixes that are proved to work."""

__all__ = []

"""A sample of the data, and how targets fit outputs."""

__all__ = []

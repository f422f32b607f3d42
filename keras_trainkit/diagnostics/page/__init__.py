"""A report as one self-contained page."""

__all__ = []

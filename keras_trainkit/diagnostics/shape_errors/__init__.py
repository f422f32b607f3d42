"""Shape and dtype errors, explained in the layers' own names."""

__all__ = []

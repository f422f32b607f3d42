"""Rules about layers: how they begin, what is between them, what holds them."""

__all__ = []

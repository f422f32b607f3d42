"""The procedure for a network that does not learn, as ranked experiments."""

__all__ = []

"""What rules read: the network, its training and a sample of its data."""

__all__ = []

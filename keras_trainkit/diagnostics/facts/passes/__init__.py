"""What is seen when a batch, or a signal, passes through the network."""

__all__ = []

"""What arrays of inputs and targets look like: numbers in, facts out."""

__all__ = []

"""The parts of `transfer.fine_tune`: stages, their rates and their history."""

__all__ = []

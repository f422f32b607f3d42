"""What callbacks of one kind share: hooks, borrowing, giving back."""

__all__ = []

"""What is renamed or goes away, kept for two minor versions with a warning."""

__all__ = []

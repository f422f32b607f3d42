"""An optimizer's anatomy, its slots, and numbers that change while it runs."""

__all__ = []

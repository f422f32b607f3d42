"""The rules of the check, one module a family."""

__all__ = []

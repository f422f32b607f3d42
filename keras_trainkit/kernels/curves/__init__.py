"""Curves over training: shapes of schedules, and reading a search's curve."""

__all__ = []

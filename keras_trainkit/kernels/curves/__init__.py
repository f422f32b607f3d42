"""Curves over training: shapes of schedules, and what a search's losses say."""

__all__ = []

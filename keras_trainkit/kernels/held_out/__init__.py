"""Scores of predictions that compare across models, losses and codings."""

__all__ = []

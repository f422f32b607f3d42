"""A model's layers, graph, compiled functions and batches."""

__all__ = []

"""Random masks, seeds that differ between replicas, global random states."""

__all__ = []

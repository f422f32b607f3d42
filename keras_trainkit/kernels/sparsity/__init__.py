"""Which weights are pruned, and when: pure arithmetic on arrays."""

__all__ = []

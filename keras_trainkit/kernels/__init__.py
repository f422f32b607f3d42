"""kernels."""

__all__ = []

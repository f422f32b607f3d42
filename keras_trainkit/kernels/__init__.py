"""Pure arithmetic, below everything else; not part of the public interface."""

__all__ = []

"""What Keras does not expose: the one folder that knows backend and privates.

Nothing here is public API; the floors above call it.
"""

__all__ = []

"""Devices, replicas and processes."""

__all__ = []

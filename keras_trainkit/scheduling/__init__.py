"""What changes while a `fit` runs: hyperparameters, what trains, resuming."""

__all__ = []

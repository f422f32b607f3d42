"""Monte Carlo prediction, and how good its uncertainty is."""

from keras_trainkit.uncertainty import metrics
from keras_trainkit.uncertainty.conversion import from_mc
from keras_trainkit.uncertainty.conversion import to_mc

__all__ = ["from_mc", "metrics", "to_mc"]

"""Values in, matplotlib Axes out."""

from keras_trainkit.plots.learning_rate import plot_schedule
from keras_trainkit.plots.learning_rate_search import plot_learning_rate_search

__all__ = ["plot_learning_rate_search", "plot_schedule"]

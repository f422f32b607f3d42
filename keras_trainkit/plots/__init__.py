"""Values in, matplotlib Axes out."""

from keras_trainkit.plots.learning_rate import plot_schedule

__all__ = ["plot_schedule"]

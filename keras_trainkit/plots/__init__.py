"""Values in, matplotlib Axes out."""

from keras_trainkit.plots.batch_size_curve import plot_batch_size_curve
from keras_trainkit.plots.depth_search import plot_depth_search
from keras_trainkit.plots.learning_rate import plot_schedule
from keras_trainkit.plots.learning_rate_search import plot_learning_rate_search
from keras_trainkit.plots.reliability_diagram import reliability_diagram
from keras_trainkit.plots.staged_history import plot_staged_history
from keras_trainkit.plots.uncertainty import plot_most_and_least_certain

__all__ = [
    "plot_batch_size_curve",
    "plot_depth_search",
    "plot_learning_rate_search",
    "plot_most_and_least_certain",
    "plot_schedule",
    "plot_staged_history",
    "reliability_diagram",
]

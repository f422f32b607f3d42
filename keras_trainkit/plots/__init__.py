"""Pictures of schedules, searches and trainings; each returns an Axes."""

from keras_trainkit.plots.batch_size_curve import plot_batch_size_curve
from keras_trainkit.plots.depth_search import plot_depth_search
from keras_trainkit.plots.layer_curves import plot_layer_curves
from keras_trainkit.plots.learning_curves import learning_curves
from keras_trainkit.plots.learning_rate import plot_schedule
from keras_trainkit.plots.learning_rate_search import plot_learning_rate_search
from keras_trainkit.plots.reliability_diagram import reliability_diagram
from keras_trainkit.plots.staged_history import plot_staged_history
from keras_trainkit.plots.training_doctor import plot_training
from keras_trainkit.plots.uncertainty import plot_most_and_least_certain

__all__ = [
    "learning_curves",
    "plot_batch_size_curve",
    "plot_depth_search",
    "plot_layer_curves",
    "plot_learning_rate_search",
    "plot_most_and_least_certain",
    "plot_schedule",
    "plot_staged_history",
    "plot_training",
    "reliability_diagram",
]

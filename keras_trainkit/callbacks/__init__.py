"""For `fit`: schedules, fine-tuning, averages, pruning, what went wrong."""

from keras_trainkit.callbacks.activation_monitor import ActivationMonitor
from keras_trainkit.callbacks.evaluate_training import EvaluateTraining
from keras_trainkit.callbacks.fine_tuning import FineTuning
from keras_trainkit.callbacks.gradient_monitor import GradientMonitor
from keras_trainkit.callbacks.hyperparameter_schedule import (
    HyperparameterSchedule,
)
from keras_trainkit.callbacks.learning_rate_finder import LearningRateFinder
from keras_trainkit.callbacks.magnitude_pruning import MagnitudePruning
from keras_trainkit.callbacks.mc_evaluation import MCEvaluation
from keras_trainkit.callbacks.non_finite_guard import NonFiniteGuard
from keras_trainkit.callbacks.one_cycle import OneCycle
from keras_trainkit.callbacks.raise_lr_on_plateau import RaiseLROnPlateau
from keras_trainkit.callbacks.refresh_batch_norm import RefreshBatchNorm
from keras_trainkit.callbacks.stochastic_weight_averaging import (
    StochasticWeightAveraging,
)
from keras_trainkit.callbacks.training_doctor import TrainingDoctor

__all__ = [
    "ActivationMonitor",
    "EvaluateTraining",
    "FineTuning",
    "GradientMonitor",
    "HyperparameterSchedule",
    "LearningRateFinder",
    "MCEvaluation",
    "MagnitudePruning",
    "NonFiniteGuard",
    "OneCycle",
    "RaiseLROnPlateau",
    "RefreshBatchNorm",
    "StochasticWeightAveraging",
    "TrainingDoctor",
]

"""The last activation against loss, targets and metrics: the family L."""

from keras_trainkit.diagnostics.rules.outputs.accuracy import (
    accuracy_of_regression,
)
from keras_trainkit.diagnostics.rules.outputs.crossentropy import (
    probabilities_as_logits,
)
from keras_trainkit.diagnostics.rules.outputs.exclusive_classes import (
    sigmoid_with_categorical,
)
from keras_trainkit.diagnostics.rules.outputs.one_unit import softmax_over_one
from keras_trainkit.diagnostics.rules.outputs.output_range import (
    unreachable_targets,
)
from keras_trainkit.diagnostics.rules.outputs.regression_loss import (
    regression_loss_for_classes,
)
from keras_trainkit.diagnostics.rules.outputs.relative_loss import relative_loss

__all__ = [
    "accuracy_of_regression",
    "probabilities_as_logits",
    "regression_loss_for_classes",
    "relative_loss",
    "sigmoid_with_categorical",
    "softmax_over_one",
    "unreachable_targets",
]

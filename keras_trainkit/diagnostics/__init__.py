"""A straight answer to the question why a network does not learn."""

from keras_trainkit.diagnostics.check_model import check_model
from keras_trainkit.diagnostics.finding import Finding
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.repair.apply_repairs import apply_repairs
from keras_trainkit.diagnostics.repair.try_fixes import try_fixes
from keras_trainkit.diagnostics.report import Report
from keras_trainkit.diagnostics.shape_errors.explain import explain
from keras_trainkit.diagnostics.steps.next_steps import next_steps

__all__ = [
    "Finding",
    "Repair",
    "Report",
    "apply_repairs",
    "check_model",
    "explain",
    "next_steps",
    "try_fixes",
]

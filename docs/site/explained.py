"""Which page of the guide explains a public name, and its names elsewhere."""

import functools
import posixpath
import re

from links import ROOT
from links import page_of
from links import title_of
from reference import FOLDER

ELSEWHERE = "docs/coming_from.md"
# The page for a name, or for all names of a subpackage that are not listed.
EXPLAINED_ON = {
    "activations": "activations",
    "batch_norm": "batch_norm",
    "batch_norm.Folding": "folding",
    "batch_norm.fold": "folding",
    "callbacks.ActivationMonitor": "instruments",
    "callbacks.EvaluateTraining": "training_doctor",
    "callbacks.FineTuning": "fine_tuning",
    "callbacks.GradientMonitor": "instruments",
    "callbacks.HyperparameterSchedule": "schedules",
    "callbacks.LearningRateFinder": "learning_rate_search",
    "callbacks.MCEvaluation": "uncertainty",
    "callbacks.MagnitudePruning": "compression",
    "callbacks.NonFiniteGuard": "instruments",
    "callbacks.OneCycle": "one_cycle",
    "callbacks.RaiseLROnPlateau": "raise_lr_on_plateau",
    "callbacks.RefreshBatchNorm": "batch_norm",
    "callbacks.StochasticWeightAveraging": "weight_averaging",
    "callbacks.TrainingDoctor": "training_doctor",
    "compression": "compression",
    "compression.Shrinking": "shrink",
    "compression.SmallerLayer": "shrink",
    "compression.shrink": "shrink",
    "constraints": "constraints",
    "diagnostics": "getting_unstuck",
    "diagnostics.Report": "report",
    "diagnostics.check_model": "checks",
    "diagnostics.explain": "explain",
    "initializers": "initializers",
    "layers": "layers",
    "layers.GLU": "activations",
    "layers.ScalarAffine": "initializers",
    "layers.SquaredReLU": "activations",
    "layers.SwiGLU": "activations",
    "layers.Swish": "activations",
    "models": "models",
    "optimizers": "layerwise_rates",
    "optimizers.Shampoo": "shampoo",
    "plots.learning_curves": "training_doctor",
    "plots.plot_batch_size_curve": "batch_size",
    "plots.plot_depth_search": "depth_search",
    "plots.plot_layer_curves": "instruments",
    "plots.plot_learning_rate_search": "learning_rate_search",
    "plots.plot_most_and_least_certain": "uncertainty",
    "plots.plot_schedule": "one_cycle",
    "plots.plot_staged_history": "fine_tuning",
    "plots.plot_training": "training_doctor",
    "plots.reliability_diagram": "uncertainty",
    "pretraining": "pretraining",
    "probing": "instruments",
    "schedules": "schedules",
    "schedules.OneCycle": "one_cycle",
    "schedules.Scaled": "fine_tuning",
    "transfer": "fine_tuning",
    "transfer.DepthSearch": "depth_search",
    "transfer.adapt_input": "heads",
    "transfer.clone": "heads",
    "transfer.describe": "heads",
    "transfer.gradual": "heads",
    "transfer.layer_groups": "models",
    "transfer.replace_head": "heads",
    "transfer.resize_to": "heads",
    "transfer.search_depth": "depth_search",
    "tuning.BatchSizeCurve": "batch_size",
    "tuning.BatchSizeSearch": "batch_size",
    "tuning.LearningRateSearch": "learning_rate_search",
    "tuning.batch_size_curve": "batch_size",
    "tuning.find_batch_size": "batch_size",
    "tuning.find_learning_rate": "learning_rate_search",
    "uncertainty": "uncertainty",
}


def page_for(name):
    """Returns the page that explains a public name: `"docs/layers.md"`.

    Raises:
        ValueError: For a name that has none in `EXPLAINED_ON`.
    """
    package = name
    while package and package not in EXPLAINED_ON:
        package = package.rpartition(".")[0]
    if not package:
        raise ValueError(
            f"Which page explains {name}? Add it to `EXPLAINED_ON` in "
            "docs/site/explained.py."
        )
    return f"docs/{EXPLAINED_ON[package]}.md"


def line(name):
    """Returns a line that links to the page which explains a public name."""
    page = page_for(name)
    return f"Explained in [{title_of(page)}]({_from_reference(page)})."


def known_as(name):
    """Returns a line on what other frameworks call a public name, or `""`."""
    found = []
    for framework, rows in elsewhere().items():
        theirs = [cell for cell, ours in rows if name in ours]
        found += [f"{framework}'s {cell}" for cell in theirs]
    if not found:
        return ""
    differences = f"[what differs]({_from_reference(ELSEWHERE)})"
    return f"Known elsewhere as {'; '.join(found)}: {differences}."


@functools.cache
def elsewhere():
    """Returns `{framework: [(their cell, {our names}), ...]}`.

    They are read from the tables of docs/coming_from.md, one a heading.
    """
    text = (ROOT / ELSEWHERE).read_text("utf-8")
    _, *parts = re.split(r"^## ", text, flags=re.MULTILINE)
    found = {}
    for part in parts:
        framework = part.partition("\n")[0].strip()
        rows = re.findall(r"^\| (.+?) \| (.+?) \|", part, re.MULTILINE)
        found[framework] = [
            (theirs, set(re.findall(r"`ktk\.([\w.]+)", ours)))
            for theirs, ours in rows
            if "`" in theirs
        ]
    return found


def _from_reference(page):
    return posixpath.relpath(page_of(page), FOLDER)

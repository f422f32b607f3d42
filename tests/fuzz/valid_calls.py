"""The least that each public function and class takes: `{name: arguments}`.

A name that is not here fails a test.
"""

import keras
import numpy as np

from keras_trainkit import diagnostics
from keras_trainkit import pretraining
from keras_trainkit import schedules


def _curve(w):
    return {"schedule": schedules.Power(0.1, 10)}


def _model(w):
    return {"model": w.model}


def _nothing(w):
    return {}


def _rate(w):
    return {"rate": 0.5}


def _tensor(w):
    return {"x": w.x}


def _scores(w):
    return {"y_true": w.labels, "probabilities": w.probabilities}


def _probabilities(w):
    return {"probabilities": w.probabilities}


def _trained(w):
    return {"model": w.model, "x": w.x, "y": w.y}


def _inputs(w):
    return {"model": w.model, "x": w.x}


def _images(w):
    return {"model": w.images}


def _encoder(w):
    return {"encoder": w.encoder, "x": w.x}


def _report():
    return diagnostics.Report([])


VALID = {
    "activations.quick_gelu": _tensor,
    "activations.squared_relu": _tensor,
    "activations.swish": _tensor,
    "batch_norm.Folding": lambda w: {
        "model": w.model,
        "folded": {},
        "left": {},
        "largest_difference": 0.0,
    },
    "batch_norm.fold": _model,
    "batch_norm.refresh": lambda w: {"model": w.model, "data": w.x},
    "callbacks.ActivationMonitor": _tensor,
    "callbacks.EvaluateTraining": _tensor,
    "callbacks.FineTuning": lambda w: {"stages": {0: 1}},
    "callbacks.GradientMonitor": _nothing,
    "callbacks.HyperparameterSchedule": lambda w: {
        "learning_rate": schedules.Power(0.1, 10)
    },
    "callbacks.LearningRateFinder": _nothing,
    "callbacks.MCEvaluation": lambda w: {"x": w.x, "y": w.labels},
    "callbacks.MagnitudePruning": _nothing,
    "callbacks.NonFiniteGuard": _nothing,
    "callbacks.OneCycle": lambda w: {"max_lr": 0.1},
    "callbacks.RaiseLROnPlateau": _nothing,
    "callbacks.RefreshBatchNorm": _tensor,
    "callbacks.StochasticWeightAveraging": _nothing,
    "callbacks.TrainingDoctor": _nothing,
    "compression.Shrinking": lambda w: {
        "model": w.model,
        "removed": (),
        "left": {},
        "parameters": (4, 2),
        "largest_difference": 0.0,
    },
    "compression.SmallerLayer": lambda w: {
        "path": "hidden",
        "kind": "Dense",
        "before": 4,
        "after": 2,
    },
    "compression.l1_sparsify": lambda w: {"model": w.fresh, "factor": 1e-4},
    "compression.prune": lambda w: {"model": w.model, "sparsity": 0.5},
    "compression.shrink": lambda w: {"model": w.pruned},
    "compression.sparsity_report": _model,
    "constraints.Chain": lambda w: {"*constraints": "non_neg"},
    "constraints.IncomingMaxNorm": _nothing,
    "constraints.WeightClip": lambda w: {"min_value": -1.0, "max_value": 1.0},
    "constraints.ZeroMean": lambda w: {"axis": 0},
    "constraints.constrain": lambda w: {"model": w.model, "max_norm": 2.0},
    "diagnostics.Finding": lambda w: {
        "code": "L101",
        "severity": "warning",
        "message": "A message.",
        "topic": "activation",
        "where": "head",
        "fix": "Mend it.",
    },
    "diagnostics.Repair": lambda w: {"kind": "activation"},
    "diagnostics.Report": lambda w: {"findings": []},
    "diagnostics.apply_repairs": lambda w: {
        **_trained(w),
        "repairs": _report(),
    },
    "diagnostics.check_model": _model,
    "diagnostics.explain": _nothing,
    "diagnostics.next_steps": lambda w: {"report": _report()},
    "diagnostics.try_fixes": lambda w: {
        **_trained(w),
        "validation_data": (w.x, w.y),
        "report": _report(),
        "verbose": 0,
    },
    "initializers.HeLeaky": lambda w: {"negative_slope": 0.1},
    "initializers.Scaled": lambda w: {
        "initializer": "he_normal",
        "factor": 0.5,
    },
    "initializers.fixup": lambda w: {"model": w.encoder},
    "initializers.for_activation": lambda w: {"activation": "relu"},
    "initializers.lsuv": _inputs,
    "initializers.reinitialize": lambda w: {
        "model": w.model,
        "selection": "head",
    },
    "layers.GLU": _nothing,
    "layers.MCAlphaDropout": _rate,
    "layers.MCDropout": _rate,
    "layers.MCGaussianDropout": _rate,
    "layers.MCSpatialDropout1D": _rate,
    "layers.MCSpatialDropout2D": _rate,
    "layers.MCSpatialDropout3D": _rate,
    "layers.RReLU": _nothing,
    "layers.ScalarAffine": _nothing,
    "layers.SquaredReLU": _nothing,
    "layers.SwiGLU": _nothing,
    "layers.Swish": _nothing,
    "models.groups": lambda w: {"n": 1},
    "models.layer_groups": _model,
    "models.layer_paths": _model,
    "models.select": lambda w: {"model": w.model, "selection": 1},
    "models.trainable_layers": _model,
    "optimizers.LayerwiseLearningRate": lambda w: {
        "inner_optimizer": "sgd",
        "multipliers": {"*head*": 0.5},
    },
    "optimizers.Shampoo": _nothing,
    "optimizers.exclude_norm_and_bias": lambda w: {
        "optimizer": keras.optimizers.AdamW(),
        "model": w.model,
    },
    "optimizers.layer_decay": _model,
    "optimizers.multipliers": lambda w: {
        "model": w.model,
        "selections": {"head": 0.5},
    },
    "optimizers.spread": lambda w: {"model": w.model, "lowest": 0.1},
    "plots.learning_curves": lambda w: {"history": {"loss": [2.0, 1.0]}},
    "plots.plot_batch_size_curve": lambda w: {
        "batch_sizes": [16, 32],
        "losses": [1.0, 2.0],
        "errors": [0.1, 0.1],
        "rows_per_second": [10.0, 20.0],
    },
    "plots.plot_depth_search": lambda w: {
        "labels": ["a", "b"],
        "means": [0.5, 0.6],
        "errors": [0.1, 0.1],
        "complete": [True, False],
    },
    "plots.plot_layer_curves": lambda w: {"layers": {"head": [1.0, 2.0]}},
    "plots.plot_learning_rate_search": lambda w: {
        "learning_rates": [0.1, 1.0],
        "losses": [1.0, 2.0],
        "smoothed_losses": [1.0, 2.0],
    },
    "plots.plot_most_and_least_certain": lambda w: {
        "mean": w.y,
        "std": np.abs(w.y),
        "uncertainty": np.arange(8.0),
        "count": 2,
    },
    "plots.plot_schedule": lambda w: {"learning_rate": [0.1, 0.2]},
    "plots.plot_staged_history": lambda w: {
        "history": {"loss": [2.0, 1.0]},
        "stages": {0: "head"},
    },
    "plots.plot_training": lambda w: {
        "curves": {"loss": [2.0, 1.0]},
        "marks": [],
        "layers": [],
    },
    "plots.reliability_diagram": _scores,
    "pretraining.autoencode": _encoder,
    "pretraining.auxiliary": lambda w: {
        "model": w.encoder,
        "x": w.x,
        "task": pretraining.which_half_first(),
    },
    "pretraining.denoise": _nothing,
    "pretraining.mask": _nothing,
    "pretraining.mirrored_decoder": lambda w: {"encoder": w.encoder},
    "pretraining.pairs": _nothing,
    "pretraining.rotations": _nothing,
    "pretraining.stacked": _encoder,
    "pretraining.which_half_first": _nothing,
    "probing.forward": _inputs,
    "probing.gradients": _trained,
    "schedules.ByEpoch": lambda w: {**_curve(w), "steps_per_epoch": 10},
    "schedules.Join": lambda w: {"parts": [(3, 0.1), (None, 0.2)]},
    "schedules.OneCycle": lambda w: {"max_lr": 0.1, "total_steps": 10},
    "schedules.Power": lambda w: {"initial": 0.1, "steps": 10},
    "schedules.Scaled": lambda w: {**_curve(w), "factor": 0.5},
    "schedules.Warmup": lambda w: {**_curve(w), "warmup_steps": 5},
    "transfer.DepthSearch": lambda w: {
        "choices": [],
        "upwards": True,
        "monitor": "val_loss",
        "make": keras.Sequential,
    },
    "transfer.adapt_input": lambda w: {"model": w.images, "channels": 1},
    "transfer.clone": _model,
    "transfer.describe": _model,
    "transfer.features": lambda w: {**_inputs(w), "at": "head"},
    "transfer.fine_tune": lambda w: {
        **_trained(w),
        "batch_size": 2,
        "epochs": 4,
        "head_epochs": 2,
    },
    "transfer.freeze": lambda w: {"model": w.model, "selection": "hidden"},
    "transfer.gradual": _model,
    "transfer.layer_groups": _model,
    "transfer.replace_head": lambda w: {
        "model": w.model,
        "head": keras.layers.Dense(2),
    },
    "transfer.resize_to": _images,
    "transfer.search_depth": lambda w: {
        **_trained(w),
        "validation_data": (w.x, w.y),
    },
    "transfer.set_trainable": lambda w: {"model": w.model, "selection": 1},
    "transfer.split": lambda w: {"model": w.model, "at": "head"},
    "transfer.unfreeze": lambda w: {"model": w.model, "selection": 1},
    "tuning.BatchSizeCurve": lambda w: {"points": [], "label": "loss"},
    "tuning.BatchSizeSearch": lambda w: {"batch_size": 8, "tried": {8: True}},
    "tuning.LearningRateSearch": lambda w: {
        "learning_rates": [0.1, 0.2, 0.4],
        "losses": [3.0, 2.0, 1.0],
    },
    "tuning.batch_size_curve": lambda w: {
        **_trained(w),
        "batch_sizes": [4],
        "seconds": 0.01,
        "repeats": 1,
    },
    "tuning.find_batch_size": _trained,
    "tuning.find_learning_rate": _trained,
    "uncertainty.MCPrediction": lambda w: {
        "mean": w.y,
        "std": np.abs(w.y),
        "kind": "regression",
    },
    "uncertainty.from_mc": _model,
    "uncertainty.mc_predict": _inputs,
    "uncertainty.metrics.bald": lambda w: {"samples": w.samples},
    "uncertainty.metrics.brier_score": _scores,
    "uncertainty.metrics.entropy": _probabilities,
    "uncertainty.metrics.expected_calibration_error": _scores,
    "uncertainty.metrics.margin": _probabilities,
    "uncertainty.metrics.negative_log_likelihood": _scores,
    "uncertainty.to_mc": _model,
}

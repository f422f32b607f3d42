"""The loss of a model on one batch and its gradients, outside of `fit`."""

from typing import NamedTuple

import keras
import numpy as np

from keras_trainkit.backend.devices.between_processes import own_tensor
from keras_trainkit.backend.model.built import require_built
from keras_trainkit.backend.model.layers import takes_training
from keras_trainkit.backend.model.tensors import as_tensor
from keras_trainkit.backend.model.tensors import to_numpy
from keras_trainkit.backend.model.untracked_state import untracked_variables
from keras_trainkit.backend.training.batch_loss import own_methods
from keras_trainkit.backend.training.compiled_parts import UnbuiltParts
from keras_trainkit.kernels.argument_checks import bad_value


class Computed(NamedTuple):
    """What one batch gave.

    Attributes:
        loss: Float.
        penalty: Float, the part of it that regularizers and layers add.
        gradients: List of NumPy arrays.
    """

    loss: float
    penalty: float
    gradients: list


class LossAndGradients:
    """Computes the loss and its gradients as the train step would see them.

    The loss is the model's own `compute_loss`: what it is compiled with, the
    regularizers and what layers add. No variable of Keras is assigned, no
    seed generator advances, and parameters of torch get no `grad`. What
    Keras does not know of, such as buffers of torch modules and the global
    random states, is the caller's to put back.

    On JAX the computation is compiled, once for each shape of the batch and
    set of trainable variables; a model with `run_eagerly=True` is not.
    Elsewhere it is eager: one pass takes less time than a compilation.

    Args:
        model: A built and compiled `keras.Model`.
        training: Whether layers run in training mode. Defaults to `True`.

    Raises:
        ValueError: If the model is not built, not compiled, or trains by a
            step of its own, whose loss `compute_loss` need not be.
    """

    def __init__(self, model, training=True):
        _check(model)
        self._model, self._training = model, training
        self._compiled = {}

    @property
    def variables(self):
        """List of the variables that train, in the order of the gradients."""
        return list(self._model.trainable_variables)

    def __call__(self, x, y=None, sample_weight=None, weights=None):
        """Returns the loss and a list of gradients, as `Computed`.

        The gradients are those of the loss that is returned: a loss scale is
        divided out. The scale is used, for half precision loses small
        gradients without it, and left out where it leads to an overflow.

        Args:
            x: The inputs, as for `fit`.
            y: The targets, or `None`. Defaults to `None`.
            sample_weight: As for `fit`. Defaults to `None`.
            weights: List of NumPy arrays that stand in for the values of
                `variables`. Defaults to `None`: their own.

        Returns:
            A `Computed` with a gradient for each of `variables`; zeros where
            the loss does not depend on it.
        """
        data = keras.tree.map_structure(as_tensor, (x, y, sample_weight))
        unbuilt = UnbuiltParts(self._model)
        try:
            for scale in dict.fromkeys((self._loss_scale(), 1.0)):
                computed = self._compute(data, scale, weights)
                if all(np.isfinite(one).all() for one in computed.gradients):
                    break
        finally:
            unbuilt.restore()
        return computed

    def _compute(self, data, scale, weights):
        variables = self.variables
        values = [own_tensor(variable.value) for variable in variables]
        if weights is not None:
            values = [
                keras.ops.convert_to_tensor(weight, dtype=variable.dtype)
                for weight, variable in zip(weights, variables, strict=True)
            ]
        compute = globals()[f"_with_{keras.backend.backend()}"]
        seen, gradients = compute(self, variables, values, data, scale)
        loss, penalty = (float(to_numpy(one)) for one in seen)
        return Computed(
            loss,
            penalty,
            [
                np.zeros(variable.shape, "float32")
                if gradient is None
                else to_numpy(gradient) / np.float32(scale)
                for variable, gradient in zip(variables, gradients, strict=True)
            ],
        )

    def _loss_scale(self):
        optimizer = self._model.optimizer
        if optimizer is None:
            return 1.0
        one = keras.ops.ones((), "float32")
        return float(to_numpy(optimizer.scale_loss(one)))

    def _loss(self, mapping, data, scale):
        """Returns the scaled loss, and the pair of the loss and the penalty.

        Args:
            mapping: List of pairs of a variable and the value that it has
                inside. Those that train must be in it:
                keras/src/layers/layer.py regularises what it finds there.
        """
        model, (x, y, sample_weight) = self._model, data
        training = self._training
        kwargs = {"training": training} if takes_training(model) else {}
        with keras.StatelessScope(state_mapping=mapping, collect_losses=True):
            outputs = model(x, **kwargs)
            _check_losses(model)
            # keras/src/trainers/trainer.py
            loss = model._compute_loss(
                x, y, outputs, sample_weight=sample_weight, training=training
            )
            penalty = sum(model.losses) if model.losses else 0 * loss
            return loss * scale, (loss, penalty)


def _with_tensorflow(probe, variables, values, data, scale):
    import tensorflow as tf

    with tf.GradientTape(watch_accessed_variables=False) as tape:
        values = [tf.convert_to_tensor(value) for value in values]
        tape.watch(values)
        mapping = list(zip(variables, values, strict=True))
        scaled, seen = probe._loss(mapping, data, scale)
    # Of an embedding they come as slices.
    return seen, [
        None if gradient is None else tf.convert_to_tensor(gradient)
        for gradient in tape.gradient(scaled, values)
    ]


def _with_torch(probe, variables, values, data, scale):
    import torch

    with torch.enable_grad():
        for variable, value in zip(variables, values, strict=True):
            if value is not variable.value:  # it stands in
                value.requires_grad_()
        mapping = list(zip(variables, values, strict=True))
        scaled, seen = probe._loss(mapping, data, scale)
        moving = [value for value in values if value.requires_grad]
        if not (moving and scaled.requires_grad):
            return seen, [None] * len(values)
        found = torch.autograd.grad(scaled, moving, allow_unused=True)
    gradients = dict(zip(map(id, moving), found, strict=True))
    return seen, [gradients.get(id(value)) for value in values]


def _with_jax(probe, variables, values, data, scale):
    # Those that Keras does not list would be constants.
    others = [*probe._model.variables, *untracked_variables(probe._model)]
    trained = {id(variable) for variable in variables}
    others = [v for v in others if id(v) not in trained]
    key = tuple(id(variable) for variable in variables)
    if key not in probe._compiled:
        probe._compiled[key] = _jax_function(probe, variables, others)
    held = [own_tensor(variable.value) for variable in others]
    return probe._compiled[key](values, held, data, scale)


def _jax_function(probe, variables, others):
    import jax

    def scaled(values, held, data, scale):
        pairs = zip([*variables, *others], [*values, *held], strict=True)
        return probe._loss(list(pairs), data, scale)

    with_gradients = jax.value_and_grad(scaled, has_aux=True)

    def loss_and_gradients(*arguments):
        (_, seen), gradients = with_gradients(*arguments)
        return seen, gradients

    eager = probe._model.run_eagerly
    return loss_and_gradients if eager else jax.jit(loss_and_gradients)


def _check(model):
    require_built(model)
    if not model.compiled:
        raise bad_value(
            "model", model.name, "compiled", "Call `model.compile` first."
        )
    if own_methods(model, ["train_step"]):
        raise bad_value(
            "model",
            model.name,
            "trained by Keras's `train_step`, not by one of its own",
            "Move what is its own into `compute_loss`.",
        )


def _check_losses(model):
    # JAX would answer 0: keras/src/trainers/trainer.py
    without = model._compile_loss is None and not model.losses
    if without and not own_methods(model, ["compute_loss"]):
        raise bad_value(
            "model",
            model.name,
            "compiled with a loss",
            "Give `model.compile` a `loss`.",
        )

"""A training as it is to be run: the given one, and what repairs change."""

import dataclasses

import keras
import numpy as np

from keras_trainkit.backend.model.layers import is_built
from keras_trainkit.backend.optimizer.anatomy import innermost
from keras_trainkit.backend.optimizer.anatomy import is_wrapper
from keras_trainkit.backend.optimizer.decay_exclusion import decays
from keras_trainkit.backend.optimizer.decay_exclusion import exclude_too
from keras_trainkit.backend.optimizer.optimizer_copies import with_settings
from keras_trainkit.backend.training.compile_arguments import compile_arguments
from keras_trainkit.backend.training.compile_copies import unshared
from keras_trainkit.diagnostics.facts.compiled import Compiled
from keras_trainkit.diagnostics.facts.compiled import metric_name
from keras_trainkit.diagnostics.facts.data.sample import output_names
from keras_trainkit.diagnostics.facts.data.sampled_arrays import as_arrays
from keras_trainkit.diagnostics.facts.data.sampled_arrays import keys_of
from keras_trainkit.diagnostics.facts.network import Network
from keras_trainkit.diagnostics.facts.subject import Subject
from keras_trainkit.diagnostics.repair.layer_edits import EditedCopy
from keras_trainkit.diagnostics.repair.layer_edits import LayerEdits
from keras_trainkit.diagnostics.repair.task import task_of
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.held_out.credits import score
from keras_trainkit.models.copies import LayerCopies
from keras_trainkit.models.forward_order import is_graph

_COUNTS_HITS = (
    "binary_accuracy",
    "categorical_accuracy",
    "sparse_categorical_accuracy",
)
_HINGES = ("hinge", "squared_hinge")


class Patient:
    """The model and the data that repairs start from; none is changed.

    Args:
        model: A compiled Sequential or functional `keras.Model`.
        x: Arrays, as for `fit`.
        y: Arrays, as for `fit`, or `None`.
        fit_kwargs: Dict of other arguments of `fit`.
        kept: Paths of the layers that keep their weights.

    Attributes:
        subject: The `Subject` that rules read.
        origin: A copy of the model, built and not compiled.
        network: The `Network` of the copy.
        targets: List of the array of targets of each output.
        tasks: List of the `Task` of each output.
    """

    def __init__(self, model, x, y=None, fit_kwargs=None, kept=()):
        require_patient(model)
        if not isinstance(fit_kwargs, (dict, type(None))):
            raise bad_type("fit_kwargs", fit_kwargs, "a dictionary, or None")
        self.model, self.x, self.y = model, x, y
        self.fit_kwargs, self.kept = dict(fit_kwargs or {}), tuple(kept)
        self.subject = Subject(
            model,
            x,
            y,
            self.fit_kwargs.get("batch_size"),
            self.fit_kwargs.get("epochs", 1),
        )
        if self.subject.model is model:
            copies = LayerCopies()
            self.origin = copies(model)
            copies.carry_state()
            self._given = {
                id(copy): given for given, copy in copies.variables.values()
            }
        else:
            self.origin, self._given = self.subject.model, {}
        self.network = Network(self.origin)
        self.targets = []
        if y is not None:
            self.targets = as_arrays("y", y, output_names(model))
        ends = [len(one.shape) for one in self.network.outputs]
        losses = self.subject.compiled.loss
        self.tasks = [
            task_of(y, rank, loss is not None and loss.is_classification)
            for y, rank, loss in zip(self.targets, ends, losses, strict=False)
        ]

    def excluded(self, pairs):
        """Returns variables of a copy that weight decay is to leave alone."""
        optimizer, found = self.model.optimizer, []
        for layer, new in pairs:
            if not isinstance(layer, keras.Layer) or new is layer:
                continue
            if len(layer.variables) != len(new.variables):
                continue
            for old, copy in zip(layer.variables, new.variables, strict=True):
                given = self._given.get(id(old))
                if given is not None and not decays(optimizer, given):
                    found.append(copy)
        return found


def require_patient(model):
    """Raises unless a model is a compiled graph with one plain optimizer."""
    if not isinstance(model, keras.Model):
        raise bad_type("model", model, "a keras.Model")
    if not is_graph(model):
        raise bad_type("model", model, "a Sequential or functional model")
    if not model.compiled:
        raise bad_value("model", model.name, "compiled")
    optimizer = model.optimizer
    innermost(optimizer)  # raises where there are several
    scales = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    if is_wrapper(optimizer.inner_optimizer if scales else optimizer):
        raise bad_value(
            "model.optimizer",
            type(optimizer).__name__,
            "an optimizer of Keras, with nothing around it",
            "Compile a copy of the model with the inner optimizer.",
        )


@dataclasses.dataclass
class Plan:
    """What repairs make of a `Patient`: changes noted, nothing made yet.

    Attributes:
        patient: The `Patient`.
        layers: `LayerEdits`.
        compile: Dict of arguments of `compile` that change.
        optimizer: A new optimizer's name or configuration, or `None`.
        settings: Dict of arguments of the optimizer that change.
        fit: Dict of arguments of `fit`.
        codings: List of the `TargetCoding` of each output; at first those of
            the tasks, which leave targets as they are.
    """

    patient: Patient
    layers: LayerEdits = dataclasses.field(default_factory=LayerEdits)
    compile: dict = dataclasses.field(default_factory=dict)
    optimizer: object = None
    settings: dict = dataclasses.field(default_factory=dict)
    fit: dict = dataclasses.field(default_factory=dict)
    codings: list = dataclasses.field(default_factory=list)

    def __post_init__(self):
        self.codings = [one.coding for one in self.patient.tasks]

    def build(self):
        """Returns a new compiled model, its weights drawn anew."""
        patient = self.patient
        edited = EditedCopy(patient.origin, self.layers, patient.kept)
        model = edited.model
        if not is_built(model):
            raise bad_value("model", model.name, "built by its graph")
        given = compile_arguments(patient.model)
        for name in ("metrics", "weighted_metrics"):
            given[name] = keras.tree.map_structure(
                self._metric, given.get(name)
            )
        given |= self.compile
        given["optimizer"] = self._optimizer(edited.pairs.values())
        # An optimizer that scales the loss is scaling it already.
        model.compile(**given, auto_scale_loss=False)
        return model

    def encoded(self, arrays):
        """Returns targets as the model is trained on them, packed for `fit`.

        Args:
            arrays: List of arrays, one for each output.
        """
        pairs = zip(self.codings, arrays, strict=True)
        coded = [coding.encode(one) for coding, one in pairs]
        keys = keys_of(self.patient.y, output_names(self.patient.model))
        if keys is not None:
            return dict(zip(keys, coded, strict=True))
        return coded[0] if len(coded) == 1 else coded

    def credits(self, model, x, targets):
        """Returns the credits of held-out rows, see `Task.credits`.

        Args:
            model: A model built by this plan.
            x: Held-out inputs.
            targets: List of arrays of held-out targets, one for each output.
        """
        size = self.fit_arguments().get("batch_size") or 32
        outputs = model.predict(x, batch_size=size, verbose=0)
        names = output_names(model)
        outputs = (
            [outputs[name] for name in names]
            if isinstance(outputs, dict)
            else keras.tree.flatten(outputs)
        )
        losses = Compiled(model).loss
        parts = zip(
            self.patient.tasks,
            targets,
            outputs,
            self.codings,
            losses,
            strict=True,
        )
        return np.mean(
            [
                task.credits(
                    y,
                    output,
                    coding,
                    logits=loss is not None and loss.from_logits,
                    hinge=loss is not None and loss.name in _HINGES,
                )
                for task, y, output, coding, loss in parts
            ],
            axis=0,
        )

    def held_out_score(self, model, x, y):
        """Returns the score of held-out rows.

        Args:
            model: A model built by this plan.
            x: Held-out inputs.
            y: Held-out targets, as they were given.
        """
        targets = as_arrays("y", y, output_names(model))
        return score(self.credits(model, x, targets))

    def fit_arguments(self):
        """Returns the arguments of `fit` besides the data."""
        return {**self.patient.fit_kwargs, **self.fit}

    def _metric(self, metric):
        counts = isinstance(metric, (str, keras.metrics.Metric)) and (
            metric_name(metric) in _COUNTS_HITS
        )
        # Under another loss or coding Keras chooses which accuracy fits.
        if counts and ("loss" in self.compile or self._recoded()):
            return "accuracy"
        return unshared(metric)

    def _recoded(self):
        return any(one.classes for one in self.codings)

    def _optimizer(self, pairs):
        if self.optimizer is not None:
            return _with(keras.optimizers.get(self.optimizer), self.settings)
        given = self.patient.model.optimizer
        new = _with(with_settings(given, {}), self.settings)
        left = self.patient.excluded(pairs)
        if innermost(given).weight_decay is not None and left:
            exclude_too(new, left)
        return new


def _with(optimizer, settings):
    """Returns an optimizer with some arguments changed."""
    if not settings:
        return optimizer
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        inner = _with(optimizer.inner_optimizer, settings)
        return type(optimizer)(
            **{**optimizer.get_config(), "inner_optimizer": inner}
        )
    config = optimizer.get_config()
    unknown = [name for name in settings if name not in config]
    if unknown:
        raise bad_value(
            "optimizer",
            type(optimizer).__name__,
            f"one with the argument {unknown[0]!r}",
        )
    return type(optimizer).from_config({**config, **settings})

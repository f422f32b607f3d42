"""What a model is compiled with, as rules read it."""

import dataclasses

import keras

from keras_trainkit.backend.model.keras_kinds import is_keras_function
from keras_trainkit.backend.optimizer import anatomy
from keras_trainkit.backend.training.compile_arguments import compile_arguments
from keras_trainkit.backend.training.compile_arguments import function_of
from keras_trainkit.backend.training.compile_arguments import (
    keyword_arguments_of,
)
from keras_trainkit.kernels.as_written import as_written
from keras_trainkit.models.kinds import snake_case

_CLASSIFICATION = (
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "hinge",
    "sparse_categorical_crossentropy",
    "squared_hinge",
)


@dataclasses.dataclass(frozen=True)
class LossFacts:
    """The loss of one output.

    Attributes:
        name: Keras's full name such as `"mean_squared_error"`, or `None` for
            one that is not Keras's.
        from_logits: Whether it takes logits.
        label_smoothing: Its smoothing, 0.0 without.
        reduction: `"sum_over_batch_size"`, `"sum"`, ...
        object: As it was given to `compile`.
    """

    name: str | None
    from_logits: bool = False
    label_smoothing: float = 0.0
    reduction: str = "sum_over_batch_size"
    object: object = None

    @property
    def is_classification(self):
        """Whether it is a loss for classes."""
        return self.name in _CLASSIFICATION


class Compiled:
    """What `compile` was given.

    Args:
        model: A compiled `keras.Model`.

    Attributes:
        loss: List of `LossFacts`, or `None` for an output without; one for
            each output.
        metrics: List of lists of names of metrics, one for each output.
        optimizer: The innermost optimizer, or `None` where there are several.
        optimizer_name: Such as `"sgd"` or `"adam"`.
        learning_rate: Float, the first one of a schedule, or `None`.
        momentum: `momentum` or `beta_1`, a float; 0.0 without.
        weight_decay: Float, 0.0 without.
        clips: Whether gradients are clipped.
        trainable_changed: Whether flags were changed since the optimizer was
            built.
    """

    def __init__(self, model):
        given = compile_arguments(model)
        outputs = _output_names(model)
        self.loss = [
            None if one is None else loss_facts(one)
            for one in _for_each(given.get("loss"), outputs)
        ]
        self.metrics = [
            [metric_name(one) for one in _listed(some)]
            for some in _metrics(given, outputs)
        ]
        multi = getattr(keras.optimizers, "MultiOptimizer", ())
        optimizer = model.optimizer
        several = optimizer is None or isinstance(optimizer, multi)
        self.optimizer = None if several else anatomy.innermost(optimizer)
        self.trainable_changed = self._changed(model)

    @property
    def optimizer_name(self):
        """Name of the innermost optimizer's class, in small letters.

        A Shampoo whose steps are not as long as Adam's has the name of what
        they are as long as behind it.
        """
        name = snake_case(type(self.optimizer).__name__).replace("_", "")
        grafting = getattr(self.optimizer, "grafting", "adam")
        like_adam = grafting in ("adam", "rmsprop")
        return name if like_adam else f"{name} ({grafting})"

    @property
    def constructor(self):
        """What makes an optimizer of this class, as a user writes it."""
        kind = type(self.optimizer)
        ours = kind.__module__.split(".")[0] == "keras_trainkit"
        return f"{'ktk' if ours else 'keras'}.optimizers.{kind.__name__}"

    @property
    def learning_rate(self):
        """The learning rate, or the first one of a schedule."""
        if self.optimizer is None:
            return None
        rate = anatomy.learning_rate_variable(self.optimizer)
        if rate is not None:
            return as_written(anatomy.number(rate))
        return self.rate_at(0)

    def rate_at(self, update):
        """Returns what the compiled schedule gives at an update.

        Args:
            update: Integer, counted from 0.
        """
        schedule = anatomy.compiled_schedule(self.optimizer)
        return as_written(keras.ops.convert_to_numpy(schedule(update)))

    @property
    def scheduled(self):
        """Whether a `LearningRateSchedule` was compiled in."""
        if self.optimizer is None:
            return False
        return anatomy.learning_rate_variable(self.optimizer) is None

    @property
    def momentum(self):
        """`momentum` or `beta_1`; 0.0 where neither is used."""
        if self.optimizer is None:
            return 0.0
        name = anatomy.momentum_attribute(self.optimizer)
        return float(getattr(self.optimizer, name)) if name else 0.0

    @property
    def weight_decay(self):
        """The decoupled weight decay; 0.0 without."""
        return float(getattr(self.optimizer, "weight_decay", None) or 0.0)

    @property
    def clips(self):
        """Whether gradients are clipped, in any of Keras's ways."""
        names = ("clipnorm", "clipvalue", "global_clipnorm")
        return any(getattr(self.optimizer, n, None) is not None for n in names)

    def _changed(self, model):
        if self.optimizer is None or not self.optimizer.built:
            return False
        over = {id(one) for one in anatomy.built_over(self.optimizer)}
        return over != {id(one) for one in model.trainable_variables}


def loss_facts(given):
    """Returns the `LossFacts` of the loss that one output was compiled with.

    Args:
        given: A name, a `keras.losses.Loss` or a function.
    """
    loss = keras.losses.get(given) if isinstance(given, str) else given
    function = function_of(loss)
    arguments = keyword_arguments_of(loss)
    name = getattr(function, "__name__", None)
    if not is_keras_function(function):
        name = None
    elif name is None or isinstance(function, keras.losses.Loss):
        name = snake_case(type(function).__name__)
    return LossFacts(
        name,
        bool(arguments.get("from_logits", False)),
        float(arguments.get("label_smoothing", 0.0)),
        getattr(loss, "reduction", "sum_over_batch_size"),
        given,
    )


def metric_name(given):
    """Returns the name of a metric in Keras's spelling, such as `"accuracy"`.

    Args:
        given: What `compile` takes as a metric.
    """
    if isinstance(given, str):
        aliases = {"acc": "accuracy", "mse": "mean_squared_error"}
        aliases |= {"mae": "mean_absolute_error"}
        return aliases.get(given.lower(), given.lower())
    if isinstance(given, keras.metrics.Metric):
        return snake_case(type(given).__name__)
    return snake_case(getattr(given, "__name__", type(given).__name__))


def _output_names(model):
    names = getattr(model, "output_names", None)
    return list(names) if names else [""]


def _for_each(given, outputs):
    """Returns what `compile` was given, one for each output.

    A loss that is not given by output is that of all: `get_loss` and
    `CompileLoss` (keras/src/trainers/compile_utils.py).
    """
    if isinstance(given, dict):
        return [given.get(name) for name in outputs]
    if isinstance(given, (list, tuple)):
        missing = [None] * (len(outputs) - len(given))
        return [*given, *missing]
    return [given] * len(outputs)


def _metrics(given, outputs):
    both = []
    for name in ("metrics", "weighted_metrics"):
        some = given.get(name)
        nested = isinstance(some, (list, tuple)) and any(
            isinstance(one, (list, tuple)) for one in some
        )
        if isinstance(some, dict) or (nested and len(outputs) > 1):
            both.append(_for_each(some, outputs))
        elif len(outputs) > 1:
            both.append(_for_each(_listed(some), outputs))
        else:
            both.append([_flat(some)])
    return [
        [*_listed(one), *_listed(two)] for one, two in zip(*both, strict=True)
    ]


def _flat(some):
    return [one for group in _listed(some) for one in _listed(group)]


def _listed(some):
    if some is None:
        return []
    return list(some) if isinstance(some, (list, tuple)) else [some]

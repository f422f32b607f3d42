"""A copy of a model and its training with repairs made."""

import dataclasses

import keras

from keras_trainkit.backend.randomness.random_state import RandomState
from keras_trainkit.diagnostics.facts.data.sample import output_names
from keras_trainkit.diagnostics.facts.data.sampled_arrays import as_arrays
from keras_trainkit.diagnostics.finding import Finding
from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.repair import data_repairs
from keras_trainkit.diagnostics.repair import layer_repairs
from keras_trainkit.diagnostics.repair import training_repairs
from keras_trainkit.diagnostics.repair.plan import Patient
from keras_trainkit.diagnostics.repair.plan import Plan
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value

# In the order in which they are made: the optimizer before its rate, and what
# is normalised after its activation is known.
_KINDS = {
    "remove_layer": layer_repairs.remove_layer,
    "units": layer_repairs.units,
    "activation": layer_repairs.activation,
    "initializer": layer_repairs.initializer,
    "use_bias": layer_repairs.use_bias,
    "dropout_rate": layer_repairs.dropout_rate,
    "regularizer": layer_repairs.regularizer,
    "constraint": layer_repairs.constraint,
    "trainable": layer_repairs.trainable,
    "loss": training_repairs.loss,
    "from_logits": training_repairs.from_logits,
    "metrics": training_repairs.metrics,
    "optimizer": training_repairs.optimizer,
    "learning_rate": training_repairs.learning_rate,
    "momentum": training_repairs.momentum,
    "clipnorm": training_repairs.clipnorm,
    "epochs": training_repairs.epochs,
    "batch_size": training_repairs.batch_size,
    "shuffle": training_repairs.shuffle,
    "targets": data_repairs.targets,
    "scale_targets": data_repairs.scale_targets,
    "class_weight": training_repairs.class_weight,
    "standardize": data_repairs.standardize,
    "add_normalization": layer_repairs.add_normalization,
}


@dataclasses.dataclass(frozen=True)
class Repaired:
    """A repaired copy, and how it is to be trained.

    Attributes:
        model: The compiled copy.
        x: The inputs, as they were given.
        y: The targets as the copy takes them.
        fit_kwargs: Dict of the arguments of `fit` besides the data.
        repairs: Tuple of the `Repair`s that were made.
        plan: What was changed.
    """

    model: keras.Model
    x: object
    y: object
    fit_kwargs: dict
    repairs: tuple
    plan: Plan = dataclasses.field(repr=False)

    def fit(self, **kwargs):
        """Trains the copy on the data it was made for.

        Args:
            **kwargs: Arguments of `fit` in the place of those in
                `fit_kwargs`.

        Returns:
            The `History`.
        """
        return self.model.fit(self.x, self.y, **{**self.fit_kwargs, **kwargs})

    def encode_targets(self, y):
        """Returns other targets as the copy takes them.

        Args:
            y: Targets, as they were given.
        """
        names = output_names(self.model)
        return self.plan.encoded(as_arrays("y", y, names))

    def score(self, x, y):
        """Returns a score that compares with that of any other copy.

        Accuracy for classes (of uneven ones the mean over the classes), and
        the share of variance explained (R2, at least -1) for values. It is
        told by the targets, not by the loss.

        Args:
            x: Held-out inputs, as they were given.
            y: Held-out targets, as they were given.
        """
        return self.plan.held_out_score(self.model, x, y)


def apply_repairs(model, repairs, x, y, fit_kwargs=None):
    """Makes repairs in a copy of a model and of how it is trained.

    The fixes that findings name, made by a program. Layers, what is compiled
    and the arguments of `fit` change as the repairs say; inputs are
    standardised by a `Normalization` layer inside of the copy, and targets
    are written anew. Weights are drawn anew, but for those of layers that do
    not train. The model and its data stay as they are.

    Args:
        model: A compiled Sequential or functional `keras.Model`.
        repairs: Sequence of `Repair`s, or of `Finding`s, whose repairs are
            meant, or a `Report`. Of findings whose repairs contradict each
            other the first one's are made: see `Repaired.repairs`.
        x: Inputs as for `fit`: an array, or a list or dict of arrays.
        y: Targets as for `fit`, or `None`.
        fit_kwargs: Dict of other arguments of `fit`, such as `epochs`.
            Defaults to none.

    Returns:
        A `Repaired`: `model`, `y` and `fit_kwargs` changed as said, and
        `fit()`, which trains it.

    Raises:
        TypeError: If the model is no graph of layers, or the data no arrays.
        ValueError: If the model is not compiled, if its optimizer has another
            around it, or if a repair cannot be made in it.

    Example:

    >>> model = keras.Sequential(
    ...     [keras.Input((2,)), keras.layers.Dense(1, activation="softmax")]
    ... )
    >>> model.compile("adam", "binary_crossentropy")
    >>> x, y = np.eye(2), np.array([0, 1])
    >>> report = ktk.diagnostics.check_model(model, x, y)
    >>> repaired = ktk.diagnostics.apply_repairs(
    ...     model, [report.most_likely], x, y
    ... )
    >>> repaired.model.layers[-1].activation.__name__
    'sigmoid'
    """
    made = repairs_of(repairs)
    random = RandomState()
    try:
        patient = Patient(model, x, y, fit_kwargs)
        plan = planned(patient, made)
        copy = plan.build()
    finally:
        random.restore()
    return Repaired(
        copy,
        x,
        plan.encoded(patient.targets),
        plan.fit_arguments(),
        made,
        plan,
    )


def repairs_of(given):
    """Returns the repairs of findings, of a report, or those given.

    Args:
        given: Sequence of `Repair`s and `Finding`s, or a `Report`.
    """
    listed, held = (), getattr(given, "findings", given)
    if isinstance(held, (str, bytes, type)) or not hasattr(held, "__iter__"):
        raise bad_type("repairs", held, "a list of Repairs, or a Report")
    for one in held:
        if isinstance(one, Finding):
            if not contradict(listed, one.repairs):
                listed = together(listed, one.repairs)
        elif isinstance(one, Repair):
            listed = (*listed, one)
        else:
            raise bad_type("repairs", one, "Repairs or Findings")
    return listed


def together(some, others):
    """Returns repairs and others that are not among them."""
    known = {(one.kind, one.where) for one in some}
    new = [one for one in others if (one.kind, one.where) not in known]
    return (*some, *new)


def contradict(some, others):
    """Whether repairs change the same to something else."""
    known = {(one.kind, one.where): repr(one.value) for one in some}
    return any(
        known.get((one.kind, one.where), repr(one.value)) != repr(one.value)
        for one in others
    )


def planned(patient, repairs):
    """Returns the `Plan` that repairs make of a patient.

    Args:
        patient: A `Patient`.
        repairs: Sequence of `Repair`s.

    Raises:
        ValueError: If one cannot be made, or two contradict each other.
    """
    plan, seen = Plan(patient), {}
    order = list(_KINDS)
    for one in sorted(repairs, key=lambda one: order.index(one.kind)):
        key = one.kind, one.where
        if key in seen:
            if repr(seen[key]) != repr(one.value):
                raise bad_value(
                    "repairs",
                    [one.kind, seen[key], one.value],
                    "such that no two contradict each other",
                )
            continue
        seen[key] = one.value
        _KINDS[one.kind](plan, one.value, one.where)
    return plan

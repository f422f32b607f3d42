"""All that is known of a model and its training, read once for all rules."""

import functools
import math

import keras

from keras_trainkit.backend.model.layers import build_on
from keras_trainkit.backend.model.layers import hand_over
from keras_trainkit.backend.model.layers import is_built
from keras_trainkit.backend.randomness.random_state import RandomState
from keras_trainkit.diagnostics.facts.compiled import Compiled
from keras_trainkit.diagnostics.facts.data.sample import sample_of
from keras_trainkit.diagnostics.facts.network import Network
from keras_trainkit.diagnostics.facts.passes.first_pass import first_pass
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_integer

# What `fit` takes where nothing is said.
FIT_BATCH_SIZE = 32


class Subject:
    """What rules look at.

    Args:
        model: A `keras.Model`.
        x: Inputs, as for `fit`, or `None`.
        y: Targets, as for `fit`, or `None`.
        batch_size: Integer, or `None` where it is not known.
        epochs: Integer, or `None` where it is not known.
        validation_data: Tuple `(x, y)` of arrays, or `None`.
        overfit: Whether a copy is trained on one batch.
        training: What was seen of a `fit`, for the rules of the doctor.
            Defaults to `None`.

    Attributes:
        model: The model, or where it is not built a copy that is.
        copies: `{id(variable): (variable, its copy)}` of the variables that
            the model had where it was not built.
        sample: The `Sample` of the data, or `None`.
    """

    def __init__(
        self,
        model,
        x=None,
        y=None,
        batch_size=None,
        epochs=None,
        validation_data=None,
        overfit=False,
        training=None,
    ):
        _require_model(model)
        require_choice("overfit", overfit, (True, False))
        for name, value in (("batch_size", batch_size), ("epochs", epochs)):
            if value is not None:
                require_integer(name, value, 1)
        self.given = model
        if x is None and y is not None:
            raise bad_value("x", x, "given where `y` is")
        self.sample = None
        if x is not None:
            self.sample = sample_of(model, x, y, validation_data)
        self.model, self.copies = built_copy(model, self.sample)
        self.batch_size = batch_size
        self.epochs = epochs
        self.overfit = overfit
        self.training = training

    def has(self, need):
        """Whether it has what a rule needs: an element of `NEEDS`."""
        if need == "graph":
            return self.network.has_graph
        return getattr(self, need) is not None

    @functools.cached_property
    def network(self):
        """The `Network` of the model."""
        return Network(self.model)

    @functools.cached_property
    def compiled(self):
        """What it is `Compiled` with, or `None`."""
        return Compiled(self.given) if self.given.compiled else None

    @functools.cached_property
    def first_pass(self):
        """What one forward and backward pass shows, or `None` without data."""
        return first_pass(self)

    @property
    def rows(self):
        """Rows of the data, or `None` where they are not known."""
        return None if self.sample is None else self.sample.rows

    @property
    def steps_per_epoch(self):
        """Batches in an epoch, or `None` where they are not known."""
        if self.sample is not None and self.sample.is_dataset:
            return self.sample.steps
        if self.rows is None:
            return None
        return math.ceil(self.rows / (self.batch_size or FIT_BATCH_SIZE))


def _require_model(model):
    if not isinstance(model, keras.Model):
        raise bad_type("model", model, "a keras.Model")


def built_copy(model, sample):
    """Returns `model`, or where it is not built a copy that is, and a dict.

    A subclassed model that has no configuration is built itself, as `fit`
    would: its initializers drew their seeds when they were made. What layers
    hold that are built already, such as an adapted `Normalization`, goes into
    the copy.

    Args:
        model: A `keras.Model`.
        sample: The `Sample` of the data, or `None`.

    Returns:
        A tuple `(model, copies)`: copies is `{id(variable): (variable, its
        copy)}` of the variables that `model` has already.
    """
    if is_built(model):
        return model, {}
    if sample is None:
        hint = "Call the model on a batch of data first, or pass `x`."
        raise bad_value("model", model.name, "built", hint)
    random = RandomState()
    try:
        copy = _from_config(model)
        inputs, _ = sample.head(2)
        convert = keras.ops.convert_to_tensor
        build_on(copy, keras.tree.map_structure(convert, inputs))
        return copy, {} if copy is model else hand_over(model, copy)
    finally:
        random.restore()


def _from_config(model):
    try:
        return type(model).from_config(model.get_config())
    except (NotImplementedError, TypeError, ValueError):
        return model

"""Pretraining on a task whose labels come for free."""

import keras
import numpy as np
from keras import ops

from keras_trainkit.backend.devices.distribution import variable_scope
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.pretraining.autoencode import autoencode
from keras_trainkit.pretraining.encoders import input_shape_of
from keras_trainkit.pretraining.encoders import require_model
from keras_trainkit.pretraining.encoders import require_rows
from keras_trainkit.pretraining.encoders import require_trainable
from keras_trainkit.pretraining.training_models import LabelPrediction
from keras_trainkit.pretraining.training_run import optimizer_from
from keras_trainkit.pretraining.training_run import require_fit_arguments
from keras_trainkit.pretraining.training_run import train


def auxiliary(
    model,
    x,
    task,
    head=None,
    loss=None,
    optimizer="adam",
    epochs=10,
    validation_data=None,
    **fit_arguments,
):
    """Trains `model` on a task that needs no labels, under a temporary head.

    The task makes labels out of the inputs themselves. It is not what the
    model is for; but what helps to solve it, shapes and their parts, may help
    with the real task, for which there are few labels. Afterwards the head is
    gone; `transfer.replace_head(model, head, drop=0)` puts the real one on.

    ```
    x', y' = task(x);    mean over rows of loss(y', head(model(x')))
    ```

    The task is called once, before training. Frozen layers stay as they are.
    The model's flags and whether it is compiled do not change. An exception
    or interrupt in `fit` leaves it with the weights of that moment.

    Args:
        model: A built `keras.Model` with one input and one output: the part
            that is to be reused, without a head. It is trained in place.
        x: An array of inputs.
        task: `rotations()`, `which_half_first()`, `pairs()`; a callable from
            an array to `(x', y')`, where `x'` is an array that the model
            takes, or a tuple of them, and `y'` are classes from 0 on, of
            which there are `task.classes`, if it has that attribute, or as
            many as `y'` says; or `denoise()` or `mask()`, and then this is
            `autoencode(model, x, decoder=head, corrupt=task)`.
        head: A layer on the model's output, or on a list of its outputs where
            `x'` is a tuple. Defaults to `None`: one dense layer on all
            features of the output, or on absolute difference and product of
            two outputs.
        loss: A Keras loss or its name; to be given with a head of your own.
            Defaults to `None`: the cross-entropy of the classes.
        optimizer: A Keras optimizer that has trained nothing yet, or a name.
            Defaults to `"adam"`.
        epochs: Integer of at least 1. Defaults to 10.
        validation_data: An array of further inputs, for the same task.
            Defaults to `None`.
        **fit_arguments: `batch_size`, `callbacks`, `shuffle`,
            `steps_per_epoch`, `validation_batch_size`, `validation_freq`,
            `validation_split`, `validation_steps`, `verbose`, as in `fit`.

    Returns:
        `model`, trained. Its attribute `history` is the
        `keras.callbacks.History` of this training, with the `accuracy` on
        classes.

    Raises:
        ValueError: If the model is not built, is frozen, or has several
            inputs or outputs; if what the task returns does not fit it; if
            an argument cannot be used; if training has changed no weight of
            the model.
        TypeError: If an argument is of another type, or unknown.

    Example:

    >>> keras.utils.set_random_seed(0)
    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((4, 4, 1)),
    ...         keras.layers.Conv2D(3, 2, activation="relu"),
    ...     ]
    ... )
    >>> images = np.random.uniform(size=(16, 4, 4, 1)).astype("float32")
    >>> task = ktk.pretraining.rotations()
    >>> same = ktk.pretraining.auxiliary(
    ...     model, images, task, epochs=1, verbose=0
    ... )
    >>> same is model, sorted(model.history.history)
    (True, ['accuracy', 'loss'])

    Reference:

    - [Gidaris et al., 2018](https://arxiv.org/abs/1803.07728)
    """
    if isinstance(task, keras.Layer):
        return autoencode(
            model,
            x,
            head,
            task,
            "mse" if loss is None else loss,
            optimizer,
            epochs,
            validation_data,
            **fit_arguments,
        )
    require_fit_arguments(epochs, fit_arguments, left_out=["sample_weight"])
    require_model("model", model)
    require_trainable("model", model)
    changed, labels = _posed(model, task, "x", x)
    if validation_data is not None:
        fit_arguments["validation_data"] = _posed(
            model, task, "validation_data", validation_data
        )
    with variable_scope(model):
        head, loss, metrics = _head(task, changed, labels, head, loss)
        training_model = LabelPrediction(model, head)
        optimizer = optimizer_from(optimizer)
    model.history = train(
        training_model,
        model,
        optimizer,
        loss,
        metrics,
        x=changed,
        y=labels,
        epochs=epochs,
        **fit_arguments,
    )
    return model


class PairHead(keras.layers.Layer):
    """One dense layer on difference and product of two vectors.

    Both are the same whichever of the two comes first.

    Args:
        classes: How many there are.
    """

    def __init__(self, classes):
        super().__init__(dtype="float32")
        self.flatten = keras.layers.Flatten()
        self.dense = keras.layers.Dense(classes, dtype="float32")

    def build(self, input_shape):
        """Builds the dense layer."""
        features = int(np.prod(input_shape[0][1:]))
        self.dense.build((None, 2 * features))

    def call(self, inputs):
        """Returns logits for `inputs`, a list of two."""
        one, other = map(self.flatten, inputs)
        compared = [ops.absolute(one - other), one * other]
        return self.dense(ops.concatenate(compared, axis=-1))


def _posed(model, task, name, x):
    """Returns inputs and labels of the task, once they are known to fit."""
    if not callable(task):
        raise bad_type("task", task, "a callable `x -> (x', y')`")
    require_rows(
        name,
        x,
        "A task makes labels out of all inputs at once. Collect the batches "
        "of a dataset into an array first.",
    )
    found = task(x)
    if not isinstance(found, (tuple, list)) or len(found) != 2:
        raise bad_value("task", task, "such that it returns `(x', y')`")
    changed, labels = found
    several = isinstance(changed, (tuple, list))
    parts = [np.asarray(one) for one in (changed if several else [changed])]
    labels = np.asarray(labels)
    rows = {len(one) for one in [*parts, labels]}
    if rows == {0} or len(rows) != 1:
        raise bad_value(
            "task",
            task,
            f"such that x' and y' have as many rows, not {sorted(rows)}",
        )
    if getattr(model, "inputs", None):
        for one in parts:
            input_shape_of(model, one.shape[1:])
    return (tuple(parts) if several else parts[0]), labels


def _head(task, changed, labels, head, loss):
    """Returns the head, the loss and the metrics."""
    if (head is None) != (loss is None):
        raise bad_value(
            "head` and `loss",
            [head, loss],
            "given together: what a head of your own returns, its loss has "
            "to know",
        )
    if head is not None:
        if not isinstance(head, keras.Layer):
            raise bad_type("head", head, "a Keras layer")
        return head, loss, []
    classes = _classes(task, labels)
    several = isinstance(changed, tuple)
    if several and len(changed) != 2:
        raise bad_value(
            "head", None, f"given, with `loss`, for {len(changed)} inputs"
        )
    head = (
        PairHead(classes)
        if several
        else keras.Sequential(
            [
                keras.layers.Flatten(),
                keras.layers.Dense(classes, dtype="float32"),
            ]
        )
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return head, loss, ["accuracy"]


def _classes(task, labels):
    """Returns how many classes there are."""
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or labels.min() < 0:
        raise bad_value(
            "task",
            task,
            "such that y' are integers from 0 on",
            "For other targets pass a `head` and a `loss`.",
        )
    classes = getattr(task, "classes", int(labels.max()) + 1)
    if classes < 2 or labels.max() >= classes:
        raise bad_value(
            "task",
            task,
            f"such that y' are of two or more classes, below {classes}",
        )
    return int(classes)

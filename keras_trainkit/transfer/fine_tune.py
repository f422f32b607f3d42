"""The whole procedure of fine-tuning as one call."""

import keras

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.kernels.data_checks import require_arrays
from keras_trainkit.transfer.frozen_trunk.feature_store import MEMORY_LIMIT
from keras_trainkit.transfer.staged_training.data import OF_FIT
from keras_trainkit.transfer.staged_training.data import TrainingData
from keras_trainkit.transfer.staged_training.run import StagedRun
from keras_trainkit.transfer.staged_training.user_callbacks import UserCallbacks


def fine_tune(
    model,
    x,
    y=None,
    validation_data=None,
    head_epochs=4,
    epochs=16,
    learning_rate="auto",
    layer_decay=None,
    cache_features="auto",
    batch_size=32,
    callbacks=(),
    memory_limit=MEMORY_LIMIT,
    verbose="auto",
    **fit_arguments,
):
    """Trains the head of a reused model, then all of it at a lower rate.

    The textbook's procedure. Stage `"head"` takes the first `head_epochs`:
    what is frozen stays so, and if nothing is, all but the last group of
    layers (`models.layer_groups`) is frozen. Stage `"all"` takes the rest:
    everything trains, but `BatchNormalization` outside the head stays in
    inference mode, as with `callbacks.FineTuning`. Each stage has a cycle of
    the learning rate of its own, by `callbacks.OneCycle`, with the momentum
    as it is; the optimizer goes on with what it remembers.

    While the trunk is frozen its features are the same in every epoch. They
    are computed once and the head trains on them: same weights and same
    history as without, for a fraction of the time. Not done, with a line that
    says why, where a frozen layer draws random numbers (augmentation,
    dropout), updates statistics or adds a loss, where `x` is no array, for a
    `train_step` of the model's own, and on several devices.

    Callbacks see one training of `epochs` epochs: one beginning, one end. One
    that stops the training ends it, in whatever stage. An interrupt or an
    error leaves the model compiled, with the weights reached; flags and
    learning rate are as they were found, and the optimizer is formed for
    these flags. `model.history` has the epochs until then.

    Args:
        model: A compiled and built `keras.Model` with a single optimizer and
            a plain learning rate, whose value does not matter.
        x: Whatever `fit` accepts. A generator has to last for all epochs and
            for the searches.
        y: Targets, unless `x` brings them. Defaults to `None`.
        validation_data: As in `fit`. Defaults to `None`.
        head_epochs: Integer from 1 to `epochs`. Defaults to `4`.
        epochs: Integer, the epochs of both stages. Defaults to `16`.
        learning_rate: Float above 0, the peak for the head; a tenth of it is
            that for all. `"auto"` searches for the rate of each stage by
            `tuning.find_learning_rate`; for all it is at most that of the
            head, and a tenth of it where the search sees no fall of the loss.
            Defaults to `"auto"`.
        layer_decay: Float above 0, at most 1: in stage `"all"` each group of
            layers has this multiple of the rate of the next, see
            `optimizers.layer_decay`. Defaults to `None`: one rate for all.
        cache_features: `True` raises where features cannot be cached, `False`
            never caches. Defaults to `"auto"`.
        batch_size: Integer, for arrays. Defaults to `32`.
        callbacks: List of callbacks, none that schedules, freezes or resumes.
            Defaults to none.
        memory_limit: Number of bytes for cached features. Larger ones are
            written to a temporary folder, which is removed with the stage.
            While batches are joined, arrays in memory take twice their size.
            Defaults to `2**30`, a gibibyte.
        verbose: As in `fit`; `0` prints nothing. Defaults to `"auto"`.
        **fit_arguments: `class_weight`, `sample_weight`, `shuffle`,
            `steps_per_epoch`, `validation_batch_size`, `validation_freq`,
            `validation_steps`, as in `fit`.

    Returns:
        A Keras `History` over all epochs, with `stages`, a list of what each
        did (`name`, `first_epoch`, `learning_rate`, `origin` of the rate,
        `search`, `cached`, `not_cached`), and `plot(metric="loss")`. Flags
        stay as in the last stage; the learning rate is what it was before.

    Raises:
        ValueError: For numbers out of range, a model that is not compiled or
            not built, nothing that trains, a learning rate that is a
            schedule, data that is empty, of unequal or of unknown length,
            stages too short for a cycle, callbacks that cannot work, features
            that cannot be cached where that is asked for, a callback that
            changes the frozen layers while their features are cached (at the
            end of that epoch), and a search that suggests no rate for the
            head.
        TypeError: For arguments of another type, or unknown ones.

    Example:

    >>> keras.utils.set_random_seed(0)
    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((4,)),
    ...         keras.layers.Dense(3, activation="relu", name="reused"),
    ...         keras.layers.Dense(1, name="head"),
    ...     ]
    ... )
    >>> model.compile("adam", "mse")
    >>> history = ktk.transfer.fine_tune(
    ...     model,
    ...     np.ones((80, 4)),
    ...     np.ones((80, 1)),
    ...     head_epochs=2,
    ...     epochs=5,
    ...     learning_rate=0.01,
    ...     batch_size=8,
    ...     verbose=0,
    ... )
    >>> [(one.name, one.first_epoch, one.cached) for one in history.stages]
    [('head', 0, True), ('all', 2, False)]
    >>> len(history.history["loss"])
    5

    Reference:

    - [Howard and Ruder, 2018](https://arxiv.org/abs/1801.06146)
    """
    _check_numbers(head_epochs, epochs, learning_rate, layer_decay, batch_size)
    require_choice("cache_features", cache_features, ("auto", True, False))
    require_integer("memory_limit", memory_limit, 0)
    unknown = sorted(set(fit_arguments) - OF_FIT)
    if unknown:
        raise TypeError(
            "Expected arguments of `fine_tune` or of `fit`: "
            f"{sorted(OF_FIT)}. Received: {unknown}."
        )
    require_choice("verbose", verbose, (0, 1, 2, False, True, "auto"))
    if y is not None:
        require_arrays("y", y)
    _check_model(model)
    run = StagedRun(
        model,
        TrainingData(x, y, validation_data, batch_size, fit_arguments),
        UserCallbacks(callbacks),
        head_epochs,
        epochs,
        verbose,
    )
    return run.run(learning_rate, layer_decay, cache_features, memory_limit)


def _check_numbers(head_epochs, epochs, learning_rate, decay, batch_size):
    require_integer("epochs", epochs, 1)
    require_integer("head_epochs", head_epochs, 1, epochs)
    require_integer("batch_size", batch_size, 1)
    if isinstance(learning_rate, str):
        require_choice("learning_rate", learning_rate, ("auto",))
    else:
        require_number(
            "learning_rate",
            learning_rate,
            "'auto' or a finite number above 0",
            lambda v: 0 < v < float("inf"),
        )
    if decay is not None:
        require_number(
            "layer_decay",
            decay,
            "None or a number above 0, at most 1",
            lambda v: 0 < v <= 1,
        )


def _check_model(model):
    if not isinstance(model, keras.Model):
        raise bad_type("model", model, "a `keras.Model`")
    if getattr(model, "optimizer", None) is None:
        raise bad_value("model", model, "compiled with an optimizer")
    if not (model.built and model.weights):
        raise bad_value(
            "model",
            model.name,
            "built, so that its layers are known",
            "Call it on a batch of data.",
        )

"""Fixes, proved by training copies with them."""

import inspect

import keras
import numpy as np

from keras_trainkit.backend.devices.distribution import refuse_processes
from keras_trainkit.backend.randomness.random_state import RandomState
from keras_trainkit.diagnostics.check_model import check_model
from keras_trainkit.diagnostics.facts.data.sample import output_names
from keras_trainkit.diagnostics.facts.data.sampled_arrays import as_arrays
from keras_trainkit.diagnostics.facts.data.sampled_arrays import is_dataset
from keras_trainkit.diagnostics.facts.data.sampled_arrays import (
    require_readable,
)
from keras_trainkit.diagnostics.repair.candidates import candidates
from keras_trainkit.diagnostics.repair.plan import Patient
from keras_trainkit.diagnostics.repair.plan import require_patient
from keras_trainkit.diagnostics.repair.search import Search
from keras_trainkit.diagnostics.repair.task import require_like
from keras_trainkit.diagnostics.repair.task import require_rows
from keras_trainkit.diagnostics.repair.trials import Budget
from keras_trainkit.diagnostics.report import Report
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.models.layer_tree import LayerTree
from keras_trainkit.models.selection import selected

_REFUSED = (
    "x",
    "y",
    "initial_epoch",
    "steps_per_epoch",
    "validation_data",
    "validation_split",
)


def try_fixes(
    model,
    x,
    y,
    validation_data,
    fit_kwargs=None,
    *,
    budget=24,
    seeds=2,
    report=None,
    keep=None,
    verbose=1,
):
    """Trains copies of a model with fixes, and says which of them help.

    Tried are the repairs of what `check_model` finds, one finding at a time
    and all together, and what is worth a trial in any network: the output and
    loss that go with the targets, standardised inputs and targets, Adam and
    other rates, ReLU with He's initialiser, more epochs, smaller batches,
    wider layers, normalisation, no regularisation, class weights. Every copy
    is drawn anew and trained by `fit`. All are tried with the first seed; the
    best of them are combined, and the best of all are trained with the other
    seeds. So is the model as it is.

    What counts is a score of the held-out rows that compares across losses
    and is told by the targets: the accuracy for classes, the balanced accuracy
    (the mean over the classes) if one class is far more frequent than its
    even share, or for several labels a row; and for measured values the share
    of variance explained, `R2 = 1 - mean((y - p)**2) / var(y)`, at least -1.

    A fix has helped if its gain is beyond twice its standard error, over
    seeds and over held-out rows. Where the held-out rows are `x` and `y`
    themselves, as for a truth table, the rows are no source of noise. The
    best of many looks a little better than it is: judge the best model on
    data that were not held out here.

    Nothing of the model, its optimizer, the data and the global random states
    is changed, bit for bit, also where a training fails.

    Args:
        model: A compiled Sequential or functional `keras.Model`.
        x: Training inputs: an array, or a list or dict of arrays.
        y: Training targets, likewise.
        validation_data: Tuple `(x, y)` of held-out arrays.
        fit_kwargs: Dict of other arguments of `fit`: `epochs`, `batch_size`,
            `shuffle`, ... `callbacks` must be a function without arguments
            that returns new ones for each training. Defaults to none.
        budget: Integer, how many trainings there may be, at least twice
            `seeds`; or a `datetime.timedelta`, how long they may take: no
            training begins that would not end in time, at the pace so far.
            Defaults to `24`.
        seeds: Integer of at least 2, how many, or a list of them. Defaults to
            `2`.
        report: A `Report` whose findings are tried, such as that of
            `TrainingDoctor`. Defaults to `None`: that of `check_model`.
        keep: Selection of layers whose weights are kept (`models.select`),
            such as those of a pretrained network. Those of layers that do not
            train are always kept. Defaults to `None`.
        verbose: 1 for a progress bar, 0 for none. Defaults to `1`.

    Returns:
        A `keras_trainkit.diagnostics.Fixes`: as a string a table, `trials`,
        `unchanged`, `helped`, `best` (the repairs of the best fix),
        `best_model` (trained), `left_out`.

    Raises:
        TypeError: If the model is no graph of layers, or the data no arrays.
        ValueError: If the model is not compiled, if its optimizer has another
            around it, and for arguments out of range.

    Example:

    >>> keras.utils.set_random_seed(0)
    >>> model = keras.Sequential(
    ...     [keras.Input((2,)), keras.layers.Dense(1, activation="softmax")]
    ... )
    >>> optimizer = keras.optimizers.SGD(3.0)
    >>> model.compile(optimizer, "binary_crossentropy", run_eagerly=True)
    >>> x = np.array([[-2.0, 1.0], [-1.0, 2.0], [1.0, -1.0], [2.0, -2.0]])
    >>> fixes = ktk.diagnostics.try_fixes(
    ...     model, x, np.array([0, 0, 1, 1]), (x, np.array([0, 0, 1, 1])),
    ...     {"epochs": 3, "batch_size": 1}, budget=4, verbose=0,
    ... )
    >>> fixes.unchanged.mean, fixes.trials[0].mean > 0.5
    (0.5, True)
    """
    require_patient(model)
    refuse_processes(
        "try_fixes", "the predictions of Keras's `predict` cannot be read there"
    )
    fit_kwargs = _fit_arguments(fit_kwargs)
    seeds = _seeds(seeds)
    budget = Budget(budget, 2 * len(seeds))
    require_choice("verbose", verbose, (0, 1))
    if report is not None and not isinstance(report, Report):
        raise bad_type("report", report, "a Report of `check_model`")
    require_readable("y", y)
    x_held, y_held = _pair(x, validation_data)
    require_rows("y", x, y)
    require_rows("validation_data", x_held, y_held)
    random = RandomState()
    try:
        patient = Patient(model, x, y, fit_kwargs, _kept(model, keep))
        if report is None:
            report = check_model(
                model,
                x,
                y,
                batch_size=fit_kwargs.get("batch_size"),
                epochs=fit_kwargs.get("epochs", 1),
                validation_data=(x_held, y_held),
            )
        targets = as_arrays("validation_data", y_held, output_names(model))
        require_like(patient.targets, targets)
        search = Search(patient, x_held, targets, seeds, budget, verbose)
        search.run(candidates(patient, report))
    finally:
        random.restore()
    return search.result(_same(x, y, x_held, y_held))


def _fit_arguments(given):
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise bad_type("fit_kwargs", given, "a dict of arguments of `fit`")
    known = inspect.signature(keras.Model.fit).parameters
    for name in given:
        if name not in known:
            raise bad_type("fit_kwargs", name, "arguments that `fit` has")
    for name in _REFUSED:
        if name in given:
            raise bad_value(
                "fit_kwargs", name, f"without {name!r}, which has a place here"
            )
    callbacks = given.get("callbacks")
    if callbacks is not None and not callable(callbacks):
        raise bad_type(
            "fit_kwargs['callbacks']",
            callbacks,
            "a function without arguments that returns new callbacks",
            "Such as `lambda: [keras.callbacks.EarlyStopping()]`: every "
            "training needs its own.",
        )
    return dict(given)


def _seeds(seeds):
    if isinstance(seeds, (list, tuple)):
        for seed in seeds:
            require_integer("seeds", seed, 0)
        listed = list(dict.fromkeys(int(seed) for seed in seeds))
        if len(listed) < 2:
            raise bad_value("seeds", seeds, "of at least two seeds")
        return listed
    require_integer("seeds", seeds, 2)
    return list(range(int(seeds)))


def _pair(x, given):
    if is_dataset(x):
        raise bad_type("x", x, "arrays, since every fix trains on all of them")
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise bad_type(
            "validation_data", given, "a pair (x, y) of held-out arrays"
        )
    for name, some in {"x": x, "validation_data": given[0]}.items():
        arrays = keras.tree.flatten(some)
        if not arrays or not all(getattr(one, "shape", ()) for one in arrays):
            raise bad_type(name, some, "an array, or a list or dict of arrays")
        if not all(len(one) for one in arrays):
            raise bad_value(name, "no rows", "at least one row")
    return given


def _kept(model, keep):
    if keep is None:
        return ()
    tree = LayerTree(model)
    chosen = {id(layer) for layer in selected(tree, keep, "keep")}
    return [path for path, layer in tree.below if id(layer) in chosen]


def _same(x, y, x_held, y_held):
    """Whether the held-out rows are the training rows."""
    pairs = zip(
        keras.tree.flatten((x, y)),
        keras.tree.flatten((x_held, y_held)),
        strict=False,
    )
    return all(np.array_equal(one, other) for one, other in pairs)

"""Monte Carlo prediction: how sure a model with dropout is."""

import functools
import random

import keras

from keras_trainkit.backend.devices.between_processes import from_main_process
from keras_trainkit.backend.devices.between_processes import require_same
from keras_trainkit.backend.devices.distribution import refuse_workers
from keras_trainkit.backend.devices.process import shown
from keras_trainkit.backend.model.prediction_batches import Batches
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import is_integer
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.data_checks import require_data
from keras_trainkit.kernels.probability.prediction_kind import kind_of_values
from keras_trainkit.kernels.sample_statistics import are_equal
from keras_trainkit.sampling.monte_carlo_cache import monte_carlo
from keras_trainkit.sampling.random_layers import RandomLayers
from keras_trainkit.uncertainty.outputs import classes_of
from keras_trainkit.uncertainty.outputs import output_names
from keras_trainkit.uncertainty.outputs import output_settings
from keras_trainkit.uncertainty.prediction import prediction_of
from keras_trainkit.uncertainty.sample_count import sample_count

_SAME_ROWS = (
    "The processes share the samples of each row out. Where "
    "`auto_shard_dataset` is true, a `tf.data.Dataset` is split: give arrays, "
    "or set it to False."
)


def mc_predict(
    model,
    x,
    samples=100,
    batch_size=32,
    seed=None,
    from_logits=False,
    kind="auto",
    return_samples=False,
    steps=None,
    verbose=0,
    noise=False,
    tolerance=None,
    max_samples=None,
):
    """Predicts with dropout switched on, many times, and says how sure it is.

    Each forward pass with dropout is a sample from an approximate posterior
    over networks. Their mean is the prediction, their spread its uncertainty.

    Any model can be given, as it was trained: functional, Sequential or
    subclassed, with nested and shared layers, several inputs and outputs. Of
    all layers only those are switched on that drop: dropout in all its forms,
    the Monte Carlo layers, `dropout` and `recurrent_dropout` of recurrent
    layers, `dropout` of attention layers. Batch normalisation and all others
    stay in inference mode. Where your own code calls dropout under
    `if training:` only, that code is run in training mode. Afterwards, also
    after an exception, the model is bit by bit what it was: variables, seed
    generators and compiled functions; and so is Keras's global seed generator.
    Another thread that calls the model meanwhile sees nothing of it.

    Rows of a batch get masks of their own, as in training. What comes before
    the first layer that drops is computed once a batch; the rest runs in
    compiled chunks of samples, of which only running statistics are kept, so
    memory does not grow with `samples`.

    Several devices share the samples out: the replicas of a
    `MirroredStrategy`, and on JAX the devices along the batch axis of the
    current `keras.distribution`, of all processes. Each computes some of the
    samples of every batch. All processes have to call this, with the same
    data; all get the same result. Masks of dropout are those of one device,
    so that results agree to rounding. Not shared is what is not compiled
    (`run_eagerly=True`), or compiled with `jit_compile=True` for a
    `MirroredStrategy`.

    Args:
        model: A `keras.Model`, compiled or not. One that is not built is
            built on the first batch.
        x: Whatever `predict` takes: arrays, structures of them,
            `tf.data.Dataset`, `PyDataset`, torch `DataLoader`, generator.
            Targets that come with it are left out.
        samples: Integer of at least 2, how many samples of each row, or
            `"auto"`: 32, and twice as many again and again, until the
            standard error of every mean in the batch is within `tolerance`,
            or there are `max_samples`. It is estimated from the samples,
            `s / sqrt(n)` with their spread `s`; each batch stops by itself.
            How many they were and which rows got there is in `sample_count`
            and `converged`. Defaults to `100`.
        batch_size: Integer or `None`, how many rows of an array are taken at
            a time. Defaults to `32`.
        seed: Integer of at least 0. The same `seed`, `samples` and
            `batch_size` on the same backend and device give the same result,
            bit by bit. Defaults to `None`: it is drawn from Python's
            `random`, which `keras.utils.set_random_seed` governs, so two
            calls differ.
        from_logits: Boolean, whether softmax, or sigmoid for `"binary"`, is
            applied to every sample first: probabilities are averaged, never
            logits. For a model with several outputs also a dictionary by
            their names. Defaults to `False`.
        kind: What the outputs are: `"classification"` (the last axis adds up
            to one), `"binary"` (one or more independent probabilities) or
            `"regression"` (any numbers). `"auto"` tells them by the values of
            all samples, logits by the size of the last axis: `"binary"` if it
            is 1. For several outputs also a dictionary by their names.
            Defaults to `"auto"`.
        return_samples: Boolean, whether the samples themselves are kept, on
            the host. Defaults to `False`.
        steps: Integer, how many batches to take, as in `predict`. Defaults
            to `None`: all.
        verbose: `"auto"`, 0, 1 or 2, as in `predict`. Defaults to `0`,
            silence.
        noise: Boolean, whether `GaussianNoise` is switched on, too. Defaults
            to `False`.
        tolerance: Number above 0, the standard error to reach with
            `samples="auto"`, in units of the outputs. For several outputs
            also a dictionary by their names; those left out do not count.
            Defaults to `None`: 0.01 with `"auto"`.
        max_samples: Integer of at least 2, the most samples of each row with
            `samples="auto"`. Defaults to `None`: 1000 with `"auto"`.

    Returns:
        An `MCPrediction` with `mean`, `std`, `entropy`, `expected_entropy`,
        `mutual_information`, `samples`, `sample_count`, `standard_error`,
        `confident()` and `plot()`; for a model with several
        outputs a dictionary of them by the outputs' names: the keys of a
        dictionary of outputs, `model.output_names` of a functional model,
        else `output_0`, `output_1`, ...

    Raises:
        ValueError: If no layer of the model drops, all rates are 0 or 1, what
            drops does not reach an output, or one that drops is called in
            neither mode; if the model has a
            `predict_step` of its own, or an output without an axis for the
            rows; if an argument is out of range, `tolerance`, `max_samples`
            or `return_samples` do not go with `samples`, the outputs are not
            of the `kind` that is given, or `x` has no batch; if processes
            of JAX give different data, or a `MultiWorkerMirroredStrategy`
            has several workers.
        TypeError: If an argument is of another type.

    Example:

    >>> keras.utils.set_random_seed(0)
    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((4,)),
    ...         keras.layers.Dropout(0.5),
    ...         keras.layers.Dense(3, activation="softmax"),
    ...     ]
    ... )
    >>> x = np.ones((8, 4), "float32")
    >>> prediction = ktk.uncertainty.mc_predict(model, x, samples=50, seed=1)
    >>> prediction.kind, prediction.mean.shape, prediction.entropy.shape
    ('classification', (8, 3), (8,))
    >>> bool((prediction.mutual_information > 0).all())
    True
    >>> prediction = ktk.uncertainty.mc_predict(
    ...     model, x, samples="auto", tolerance=0.02, seed=1
    ... )
    >>> bool(prediction.converged.all())
    True

    Reference:

    - [Gal and Ghahramani, 2016](https://arxiv.org/abs/1506.02142)
    """
    _refuse(model, batch_size, seed, steps, verbose)
    require_choice("return_samples", return_samples, (True, False))
    count = sample_count(samples, tolerance, max_samples, return_samples)
    require_choice("noise", noise, (True, False))
    names = getattr(model, "output_names", None)
    settings = output_settings(names, kind, from_logits)
    layers = RandomLayers(model, noise)
    if layers.built:
        layers.require_active()
    require_data("x", x)
    batches = Batches(x, batch_size, steps)
    if seed is None:
        seed = from_main_process(random.randint(1, 10**9))
    require_same("seed, samples", (int(seed), *count.totals, batches.count))
    bar = _progress_bar(batches.count, verbose)
    engine, rows, found, kept = None, 0, [], []
    for place, batch in enumerate(batches):
        require_same("x", batch, _SAME_ROWS)
        if engine is None:
            layers = layers.built_on(batch)
            engine = _engine(layers, settings, return_samples)
        enough = None
        if count.tolerance is not None:
            enough = functools.partial(_enough, engine, settings, count)
        statistics, drawn = engine.sample(
            batch, count.totals, int(seed), place, rows, enough
        )
        rows = max(rows, len(statistics[0]["mean"]))
        found.append(statistics)
        kept.append(drawn)
        bar.update(place + 1)
    if not found:
        raise bad_value("x", x, "data with at least one batch")
    bar.update(len(found), finalize=True)
    _refuse_equal_samples(layers, engine, found)
    return _predictions(engine, settings, found, kept, count)


def _enough(engine, settings, count, statistics):
    names = output_names(engine.structure, settings.names)
    return count.reached(statistics, names)


def _engine(layers, settings, return_samples):
    engine = monte_carlo(layers, settings, return_samples)
    if not engine.reaches_outputs():
        raise bad_value(
            "model",
            layers.model.name,
            "a model whose outputs depend on a layer that drops",
            f"Those it has, {layers.listed(layers.rates)}, lead to none of its "
            "outputs, or only through layers with a rate of 1, which let "
            "nothing pass.",
        )
    return engine


def _refuse_equal_samples(layers, engine, found):
    stops = engine.stops_inside()
    if stops and all(are_equal(one) for batch in found for one in batch):
        raise bad_value(
            "model",
            layers.model.name,
            "a model whose samples differ",
            "All samples of each row are equal. Nothing passes a layer with a "
            f"rate of 1: {layers.listed(stops)}.",
        )


def _predictions(engine, settings, found, kept, count):
    names = output_names(engine.structure, settings.names)
    samples = zip(*kept, strict=True) if kept[0] else [None] * len(names)
    predictions = [
        prediction_of(
            statistics,
            drawn,
            _kind(statistics, asked),
            count.tolerance_of(name),
        )
        for name, statistics, drawn, asked in zip(
            names,
            zip(*found, strict=True),
            samples,
            engine.kinds,
            strict=True,
        )
    ]
    if keras.tree.is_nested(engine.structure):
        return dict(zip(names, predictions, strict=True))
    return predictions[0]


def _kind(found, asked):
    if asked == "regression":
        return asked
    lowest = min(float(one["lowest"]) for one in found)
    highest = max(float(one["highest"]) for one in found)
    off_one = max(float(one["off_one"]) for one in found)
    told = kind_of_values(
        lowest, highest, off_one, classes_of(found[0]["mean"])
    )
    if asked == "auto":
        return told
    if told == "regression" or (asked, told) == ("classification", "binary"):
        raise bad_value(
            "kind",
            asked,
            f"{told!r} for these outputs, which lie between {lowest:.3g} and "
            f"{highest:.3g}, with sums that differ from 1 by {off_one:.3g}",
            "If they are logits, pass `from_logits=True`.",
        )
    return asked


def _progress_bar(count, verbose):
    verbose = shown(1 if verbose == "auto" else int(verbose))
    return keras.utils.Progbar(count, verbose=verbose, unit_name="step")


def _refuse(model, batch_size, seed, steps, verbose):
    if not isinstance(model, keras.Model):
        raise bad_type("model", model, "a `keras.Model`")
    refuse_workers(model, "mc_predict")
    _refuse_own_predict_step(model)
    if batch_size is not None:
        require_integer("batch_size", batch_size, 1)
    if seed is not None:
        require_integer("seed", seed, 0)
    if steps is not None:
        require_integer("steps", steps, 1)
    verbose = int(verbose) if is_integer(verbose) else verbose
    require_choice("verbose", verbose, ("auto", 0, 1, 2))


def _refuse_own_predict_step(model):
    inherited = type(model).predict_step is keras.Model.predict_step
    if not inherited or "predict_step" in vars(model):
        raise bad_value(
            "model",
            model.name,
            "a model without a `predict_step` of its own",
            "Samples are drawn by calling the model, so what `predict_step` "
            "does beside that would be left out. Move it into `call` or into "
            "layers.",
        )

"""What a search for the depth accepts."""

import inspect

import keras
import numpy as np

from keras_trainkit.backend.optimizer.anatomy import innermost
from keras_trainkit.backend.training.compile_copies import compile_like
from keras_trainkit.backend.training.compiled_parts import optimizers_of
from keras_trainkit.backend.training.metric_direction import improves_upwards
from keras_trainkit.kernels import data_checks as kernel_checks
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import is_integer
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.models.graph import graph_of
from keras_trainkit.optimizers.layerwise_learning_rate import (
    LayerwiseLearningRate,
)
from keras_trainkit.scheduling.search_checks import refuse_not_compiled
from keras_trainkit.transfer.clone import clone
from keras_trainkit.transfer.depth_search.networks import copies_of


def require_model(model):
    """Raises unless `model` is a compiled graph of layers with one rate."""
    if not isinstance(model, keras.Model) or graph_of(model) is None:
        raise bad_type(
            "model",
            model,
            "a Sequential or functional model that has been built",
            "Only the graph of its layers tells what can be taken out.",
        )
    refuse_not_compiled(model)
    innermost(model.optimizer)  # Raises for several.
    for optimizer in optimizers_of(model):
        if isinstance(optimizer, LayerwiseLearningRate):
            raise bad_value(
                "model.optimizer",
                optimizer,
                "one with a single learning rate: the search gives reused "
                "layers rates of their own",
                "Compile with the optimizer inside, and pass `rate_factors`.",
            )


def require_data(x, y, validation_data):
    """Raises for data that cannot be read for every run."""
    kernel_checks.require_data("x", x)
    if y is not None:
        kernel_checks.require_arrays("y", y)
    if validation_data is None:
        raise bad_value(
            "validation_data",
            validation_data,
            "given: what was not trained on tells how well a choice works",
        )
    for name, data in {"x": x, "validation_data": validation_data}.items():
        if inspect.isgenerator(data):
            raise bad_type(
                name, data, "data that every run can read, no generator"
            )
    if hasattr(x, "__array__") and not isinstance(validation_data, tuple):
        raise bad_type(
            "validation_data", validation_data, "a tuple where `x` is an array"
        )


def require_numbers(trials, epochs, batch_size, head, groups):
    """Raises for numbers that are no integers of at least 1.

    Args:
        trials: As the user passed it, and so on.
        epochs: Likewise.
        batch_size: Likewise.
        head: Likewise.
        groups: Likewise, or `None`.
    """
    require_integer("trials", trials, 1)
    require_integer("epochs", epochs, 1)
    require_integer("batch_size", batch_size, 1)
    require_integer("head", head, 1)
    if groups is not None:
        require_integer("groups", groups, 1)


def seeds_of(seeds, seed):
    """Returns the list of the seeds of the runs.

    Args:
        seeds: Integer, how many, or the seeds themselves; at least two, as
            one tells nothing of the noise.
        seed: Integer from which they follow where only their number is given.
    """
    require_integer("seed", seed, 0, 2**32 - 1)
    if is_integer(seeds):
        require_integer("seeds", seeds, 2)
        drawn = np.random.SeedSequence(int(seed)).generate_state(int(seeds))
        return [int(one) for one in drawn]
    if not isinstance(seeds, (list, tuple)):
        raise bad_type("seeds", seeds, "an integer or a list of integers")
    for one in seeds:
        require_integer("seeds", one, 0, 2**32 - 1)
    if len(set(seeds)) < max(2, len(seeds)):
        raise bad_value("seeds", seeds, "at least two, all different")
    return [int(one) for one in seeds]


def rate_factors_of(factors):
    """Returns the factors on the rate as a tuple of different floats."""
    if not isinstance(factors, (list, tuple)) or not factors:
        raise bad_type("rate_factors", factors, "a list of floats above 0")
    for factor in factors:
        require_number(
            "rate_factors",
            factor,
            "finite floats above 0",
            lambda v: 0 < v < float("inf"),
        )
    return tuple(dict.fromkeys(float(one) for one in factors))


def above_of(above, networks):
    """Returns what is done above what is reused, and where it can be dropped.

    Args:
        above: As the user passed it.
        networks: The `Networks` of the search.
    """
    if isinstance(above, str):
        above = (above,)
    if not isinstance(above, (list, tuple)) or not above:
        raise bad_type("above", above, "'replace', 'drop', or both")
    for one in above:
        require_choice("above", one, ("replace", "drop"))
    if "drop" not in above or networks.count == 1:
        return tuple(above), set()
    droppable = networks.droppable()
    if not droppable:
        if "replace" in above:
            return ("replace",), set()
        raise bad_value(
            "above",
            above,
            "'replace' for this model: between no two of its groups a single "
            "tensor leads into what would be dropped, and one out of it",
            "Merge groups by `groups`, so that borders lie between blocks.",
        )
    return tuple(dict.fromkeys(above)), droppable


def larger_is_better(model, data, monitor):
    """Returns whether larger values of `monitor` are better.

    Raises:
        ValueError: If it is no score of the validation data, or Keras cannot
            tell.
    """
    trial = clone(model, compile=False)
    compile_like(trial, model, copies_of(model, trial))
    trial.run_eagerly = True  # one batch is not worth compiling for
    held_out = data["validation_data"]
    if isinstance(held_out, tuple):
        held_out = keras.tree.map_structure(
            lambda part: part[: data["batch_size"]], held_out
        )
        x, *rest = held_out
        named = dict(zip(("y", "sample_weight"), rest, strict=False))
        found = trial.evaluate(x, **named, verbose=0, return_dict=True)
    else:
        found = trial.evaluate(held_out, steps=1, verbose=0, return_dict=True)
    names = [f"val_{name}" for name in found]
    if monitor not in names:
        raise bad_value("monitor", monitor, f"one of {names}")
    return improves_upwards(trial, monitor, "search_depth")

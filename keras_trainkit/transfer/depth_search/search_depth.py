"""The search for how many layers to reuse, as one call."""

import keras
import numpy as np

from keras_trainkit.backend.devices.distribution import refuse_processes
from keras_trainkit.backend.devices.distribution import refuse_strategy
from keras_trainkit.backend.devices.process import shown
from keras_trainkit.backend.randomness.random_state import RandomState
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.transfer.clone import clone
from keras_trainkit.transfer.depth_search import arguments
from keras_trainkit.transfer.depth_search import study as studies
from keras_trainkit.transfer.depth_search.networks import Networks
from keras_trainkit.transfer.depth_search.result import Choice
from keras_trainkit.transfer.depth_search.result import DepthSearch
from keras_trainkit.transfer.depth_search.runs import Runs
from keras_trainkit.transfer.depth_search.settings import training_settings
from keras_trainkit.transfer.depth_search.space import Space


def search_depth(
    model,
    x,
    y=None,
    validation_data=None,
    trials=30,
    seeds=3,
    epochs=5,
    batch_size=32,
    monitor="val_loss",
    groups=None,
    head=1,
    above=("replace", "drop"),
    rate_factors=(1.0, 0.1),
    cache_features="auto",
    storage=None,
    study_name="search_depth",
    sampler=None,
    pruner=None,
    seed=0,
    verbose=1,
):
    """Searches for the number of layers to reuse, by Optuna.

    "Iterate until you find the right number of layers to reuse", as one call.
    `model` is a pretrained network that ends in a new head
    (`replace_head`), compiled for the new task. Its layers come in groups from
    stem to head (`models.layer_groups`); the last `head` of these are the
    head, which every run draws anew. Of the n groups below it a
    configuration says

    - `reuse`, from 0 to n: groups 1 to `reuse`, counted from the stem, keep
      their pretrained weights.
    - `freeze`, from 0 to `reuse`: of these, groups 1 to `freeze` do not
      train; the others do, also where layers of `model` are frozen. Their
      BatchNormalization stays frozen, as `FineTuning` keeps it.
    - `above`: what becomes of groups `reuse + 1` to n. `"replace"`: the same
      layers with newly drawn weights, which train. `"drop"`: they are taken
      out. The layers without weights between and behind them (activations,
      pooling, flattening, dropout) stay, and the head is made for its new
      inputs. Dropping is tried where one tensor leads into the gap and one out
      of it (not inside of a residual block; a whole block goes with all that
      is in it) and the outputs keep their shape, and nowhere else.
    - `rate_factor`: the learning rate of the reused groups that train, as a
      multiple of the others' (`optimizers.LayerwiseLearningRate`).

    Nothing reused, all replaced, is training the same architecture from
    scratch. It is always tried, never pruned, and all else is compared with
    it. So are all frozen, and all trained. Where there are at most `trials`
    configurations, all are tried; else Optuna's sampler chooses the rest.

    Every configuration is trained with the same `seeds` seeds, which decide
    on new weights, the order of the data, and dropout. Its score is the mean
    of `monitor` after the last epoch, never the best epoch or the best seed.
    After every epoch the pruner is told the running mean over the seeds so
    far, and ends what is hopeless.

    The features of the frozen groups are computed once for all runs of this
    process, where they are deterministic. `model` is not changed, nor are the
    global random states; networks are made of a copy of it as it is now.

    With a `storage` a search that was killed goes on where it was when it is
    called again with the same arguments, and several processes or machines
    that call it work on one study. Trials of a process of this machine that
    died are made anew; with a database, Optuna's `heartbeat_interval` finds
    those of other machines. Each process returns what the study holds when it
    is done. An interrupt returns what there is.

    Args:
        model: A compiled and built Sequential or functional `keras.Model`,
            with an optimizer that has a plain learning rate or a schedule.
        x: Training data, as `fit` takes it, no generator.
        y: Targets. Defaults to `None`: they come with `x`.
        validation_data: As in `fit`; tuple of arrays where `x` are arrays.
            Required.
        trials: Integer of at least 1, how many configurations the study is to
            have in all; several processes, which end at once, may make a few
            more. Defaults to `30`.
        seeds: Integer of at least 2, how many, or a list of them. Defaults to
            `3`.
        epochs: Integer of at least 1. Defaults to `5`.
        batch_size: Integer, as in `fit`. Defaults to `32`.
        monitor: Name of a score of the validation data. Defaults to
            `"val_loss"`.
        groups: Into how many groups the model is divided, the head's
            included. Defaults to `None`: its natural groups.
        head: Integer of at least 1, how many groups are the head. Defaults to
            `1`.
        above: `"replace"`, `"drop"`, or a tuple of both. Defaults to both.
        rate_factors: Tuple of floats above 0. Defaults to `(1.0, 0.1)`.
        cache_features: `"auto"`, or `False` for never. Defaults to `"auto"`.
        storage: Path of a journal file, URL of a database, or an Optuna
            storage. Defaults to `None`: in memory.
        study_name: String. Defaults to `"search_depth"`.
        sampler: An Optuna sampler. Defaults to `None`: TPE.
        pruner: An Optuna pruner. Defaults to `None`: of what is worse than
            the median, once the first seed is trained.
        seed: Integer of at least 0, from which the seeds and the sampler's
            follow. Defaults to `0`.
        verbose: 1 for a progress bar, 0 for none. Defaults to `1`.

    Returns:
        A `keras_trainkit.transfer.DepthSearch`: `choices` with mean, standard
        deviation, standard error and cost, `best`, `scratch`,
        `beats_scratch`, `best_model()`, `plot()`, and as a string a table
        that says what the best is worth.

    Raises:
        ImportError: If Optuna is not installed.
        TypeError: If `model` is no graph of layers, and for arguments of
            another type.
        ValueError: If the model is not compiled or has layer-wise rates of
            its own, if there are too few groups, if nothing can be dropped
            where `above="drop"`, if `monitor` is no validation score, if the
            study in the storage is another search (other numbers, losses,
            optimizers or pretrained weights), and for numbers out of range.

    Example:

    >>> keras.utils.set_random_seed(0)
    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((4,)),
    ...         keras.layers.Dense(3, name="reused"),
    ...         keras.layers.Dense(1, name="head"),
    ...     ]
    ... )
    >>> model.compile("sgd", "mse", run_eagerly=True)
    >>> x, y = np.ones((8, 4)), np.ones((8, 1))
    >>> search = ktk.transfer.search_depth(
    ...     model, x, y, (x, y), trials=2, seeds=2, epochs=1, verbose=0
    ... )
    >>> sorted(str(choice.configuration) for choice in search.choices)
    ['1 frozen', 'from scratch']

    Reference:

    - [Yosinski et al., 2014](https://arxiv.org/abs/1411.1792)
    - [Akiba et al., 2019](https://arxiv.org/abs/1907.10902), Optuna
    """
    studies.require_parts(storage, study_name, sampler, pruner)
    require_choice("cache_features", cache_features, ("auto", False))
    require_choice("verbose", verbose, (0, 1))
    arguments.require_model(model)
    refuse_processes("search_depth", "each would note the trials of all")
    refuse_strategy(model, "search_depth", "it makes networks of its own")
    arguments.require_data(x, y, validation_data)
    arguments.require_numbers(trials, epochs, batch_size, head, groups)
    factors = arguments.rate_factors_of(rate_factors)
    seeds = arguments.seeds_of(seeds, seed)
    data = {
        "x": x,
        "y": y,
        "validation_data": validation_data,
        "batch_size": batch_size,
    }
    random = RandomState()
    try:
        # The caller's may be trained on before `best_model` is asked for.
        model = clone(model)
        networks = Networks(model, groups, head)
        above, droppable = arguments.above_of(above, networks)
        space = Space(networks.count, above, droppable, factors)
        runs = Runs(
            model, networks, data, epochs, monitor, bool(cache_features)
        )
        upwards = arguments.larger_is_better(model, data, monitor)
        shared = studies.SharedStudy(
            storage,
            study_name,
            upwards,
            sampler,
            pruner,
            seed,
            epochs,
            _settings(model, networks, space, data, monitor, seeds, epochs),
        )
        interrupted = _searched(shared, space, runs, seeds, trials, verbose)
    finally:
        random.restore()
    return DepthSearch(
        _choices(shared, space, runs),
        upwards,
        monitor,
        runs.network,
        shared.study,
        interrupted,
    )


def _settings(model, networks, space, data, monitor, seeds, epochs):
    """Returns what two searches in one storage must agree in."""
    return {
        "monitor": monitor,
        "seeds": seeds,
        "epochs": int(epochs),
        "batch_size": int(data["batch_size"]),
        **space.settings(),
        **training_settings(model, networks.reusable()),
    }


def _searched(shared, space, runs, seeds, trials, verbose):
    """Makes the trials; returns whether it was interrupted."""
    every = len(space.all()) <= trials
    most = min(len(space.all()), trials)
    bar = keras.utils.Progbar(most, verbose=shown(verbose), unit_name="trial")
    try:
        shared.queue(space, every)
        for trial, configuration in shared.trials(space, most, every):
            _train(shared, runs, seeds, trial, configuration)
            bar.update(min(len(shared.ended()), most))
    except KeyboardInterrupt:
        return True
    return False


def _train(shared, runs, seeds, trial, configuration):
    """Trains with every seed; the pruner sees each epoch."""
    done, epochs = [], []

    def after_epoch(epoch, score):
        epochs.append(score)
        mean = float(np.mean([*(run["curve"][epoch] for run in done), score]))
        if not np.isfinite(mean):
            raise _Ended
        trial.report(mean, len(done) * runs.epochs + epoch)
        last = epoch == runs.epochs - 1
        if not last and shared.hopeless(trial, configuration):
            raise _Ended

    try:
        for seed in seeds:
            epochs.clear()
            run = runs.score(configuration, seed, after_epoch)
            done.append({**run, "curve": list(epochs)})
            _note(trial, done)
            if shared.hopeless(trial, configuration) and seed != seeds[-1]:
                raise _Ended
    except _Ended:
        _note(trial, done)
        shared.end(trial, state="PRUNED")
    except BaseException:
        shared.end(trial, state="FAIL")
        raise
    else:
        scores = [run["score"] for run in done]
        shared.end(trial, float(np.mean(scores)))


class _Ended(Exception):
    """A configuration is hopeless, or has diverged."""


def _note(trial, done):
    """Keeps what was trained so far beside the trial."""
    trial.set_user_attr(studies.SCORES, [run["score"] for run in done])
    cost = {
        "seconds": sum(run["seconds"] for run in done),
        "weights": done[0]["weights"] if done else 0,
    }
    trial.set_user_attr(studies.RUNS, cost)


def _choices(shared, space, runs):
    """Returns the `Choice`s of all processes that work on the study."""
    known = {str(one): one for one in space.all()}
    found = {}
    for trial in shared.ended():
        configuration = known[trial.user_attrs[studies.CONFIGURATION]]
        found[configuration] = Choice(
            configuration,
            tuple(trial.user_attrs[studies.SCORES]),
            trial.user_attrs[studies.RUNS]["seconds"],
            trial.user_attrs[studies.RUNS]["weights"],
            shared.is_complete(trial),
        )
    return list(found.values())

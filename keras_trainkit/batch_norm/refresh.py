"""Exact statistics of BatchNormalization, for the weights as they are."""

import itertools

import keras

from keras_trainkit.backend.devices.process import shown
from keras_trainkit.backend.model.prediction_batches import Batches
from keras_trainkit.batch_norm.refresher import Refresher
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.data_checks import require_data


def refresh(model, data, batch_size=32, steps=None, verbose="auto"):
    """Gives BatchNormalization the exact statistics of the training data.

    A `BatchNormalization` predicts with a mean and a variance that are moving
    averages over the last batches of the training: noisy for small batches,
    of weights that have changed since, and of quite other weights after
    averaging them (`use_ema`, `SwapEMAWeights`, stochastic weight averaging),
    after loading, pruning or editing some. This function replaces them by

    ```
    mean = sum_i x_i / n,   variance = sum_i (x_i - mean)**2 / n
    ```

    over all elements `x_i` that a channel of the layer is given when the
    model predicts `data`: dropout is off, and every other BatchNormalization
    uses its own new statistics. So a later layer is measured when the earlier
    ones are done, level by level. Masked time steps do not count, a layer
    that is called several times has the statistics of all calls, and frozen
    layers (`trainable=False`), `Normalization` layers, torch modules, weights,
    optimizer and random states are left as they are. Moments of batches are
    combined in float64.

    `torch.optim.swa_utils.update_bn` computes something else: the mean over
    batches of the batches' own variances, in one pass in training mode, so
    that later layers are measured behind batch statistics, with dropout on.

    Each level of BatchNormalizations takes a pass over the data, or over what
    the last pass has computed, where that fits into 256 MiB. A subclassed
    model takes a pass through all of it for each BatchNormalization in a row.

    Args:
        model: A built `keras.Model`, compiled or not.
        data: The inputs of the training data, as `predict` takes them: an
            array, a list or dict of arrays, a `tf.data.Dataset`, a
            `PyDataset`, a torch `DataLoader` or a generator. Targets that
            come with batches are left out. The batches of a generator are
            kept in memory, since they are needed again. Without
            augmentation the statistics are those of what is predicted.
        batch_size: Integer above 0, for arrays. Defaults to 32. The result
            does not depend on it.
        steps: Integer above 0: only so many batches. Defaults to `None`: all.
        verbose: `0` for no progress bar; `"auto"` or `1` for one. Defaults to
            `"auto"`.

    Returns:
        List of the paths of the layers that have new statistics.

    Raises:
        ValueError: If no BatchNormalization is there that trains, the model
            is not built, there is no data, inputs of a layer are not finite,
            its statistics do not fit into the dtype of its variables, or it
            is called in a compiled loop. The statistics are the
            old ones then, as after any exception.
        TypeError: For arguments of another type.

    Example:

    >>> model = keras.Sequential(
    ...     [keras.Input((2,)), keras.layers.BatchNormalization(name="norm")]
    ... )
    >>> x = np.array([[0.0, 1.0], [2.0, 5.0]], "float32")
    >>> ktk.batch_norm.refresh(model, x, verbose=0)
    ['norm']
    >>> keras.ops.convert_to_numpy(model.layers[0].moving_variance).tolist()
    [1.0, 4.0]

    Reference:

    - [Ioffe and Szegedy, 2015](https://arxiv.org/abs/1502.03167), Algorithm 2
    - [Wu and Johnson, 2021](https://arxiv.org/abs/2105.07576), Section 3.1
    """
    require_data("data", data)
    require_integer("batch_size", batch_size, 1)
    if steps is not None:
        require_integer("steps", steps, 1)
    require_choice("verbose", verbose, ("auto", 0, 1, 2))
    refresher = Refresher(model)
    refresher.require_layers()
    if shown(verbose) == 0:
        return refresher(data, batch_size, steps)
    return _with_bar(refresher, data, batch_size, steps)


def _with_bar(refresher, data, batch_size, steps):
    batches = steps
    if batches is None and not hasattr(data, "__next__"):
        batches = Batches(data, batch_size, steps).count
    passes = refresher.passes()
    known = batches is not None and passes is not None
    target = batches * passes if known else None
    bar = keras.utils.Progbar(target, unit_name="batch")
    done = itertools.count(1)
    paths = refresher(data, batch_size, steps, lambda: bar.update(next(done)))
    if not known:
        bar.update(next(done) - 1, finalize=True)
    return paths

"""Statistics of every layer's outputs on a batch, epoch by epoch."""

import math

import keras

from keras_trainkit.backend.devices.between_processes import from_main_process
from keras_trainkit.backend.devices.distribution import refuse_to_be_worker
from keras_trainkit.backend.devices.distribution import refuse_workers
from keras_trainkit.backend.model.layers import is_built
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.plots.layer_curves import plot_layer_curves
from keras_trainkit.probing.forward import forward

_MEASURES = ("mean", "std", "dead", "saturated")
# Shares are all 0 in a sound network, and means may be negative.
_SCALES = {"std": "log"}
_TOTALS = {"dead": "dead_share", "saturated": "saturated_share"}


class ActivationMonitor(keras.callbacks.Callback):
    """Watches what the layers put out on a batch that stays the same.

    Units that have died, sigmoids at their bounds and signals that fade or
    grow from layer to layer show here, often before they show in the loss.
    After an epoch the batch is run through the model, outside of the train
    step, and for every layer these are noted:

    - `mean` and `std`: mean and standard deviation of all its outputs.
    - `dead`: the share of its units that are 0 for every row of the batch,
      where its activation, such as ReLU, has no slope at 0.
    - `saturated`: the share of its outputs within 1 % of the range from a
      bound of its activation: sigmoid, tanh and their hard forms.

    The logs, and so `history`, get `dead_share` and `saturated_share`: the
    means over the layers that have such an activation, NaN without any. A unit
    counts as dead on this batch, so give it some hundred rows.

    The first epoch of a `fit`, every `every`-th after it and the last one are
    looked at; in the epochs between the values are NaN. Training goes on as if
    the callback were not there, bit for bit. List it before callbacks that
    read these logs, such as `keras.callbacks.CSVLogger`.

    Args:
        x: The batch, as for `predict`: an array, or a list or dictionary of
            arrays.
        every: Integer above 0, epochs from one look to the next. Defaults to
            1.
        training: Whether the layers run in training mode, in which dropout
            makes zeros and BatchNormalization uses the batch. Defaults to
            `False`.

    Attributes:
        layers: `{path: {name: list}}`, one value an epoch of the latest `fit`
            for each layer; NaN where a layer has no such value. A layer that
            is called several times has an entry for each call (`"dense#2"`).
        before: `{path: LayerOutput}` before the first step of the latest
            `fit`, `{}` for a model that was not built then.

    Raises:
        ValueError: At construction for numbers out of range and a batch
            without rows; at the start of `fit` where `x` does not fit the
            model, if that is built.
        TypeError: For arguments of another type.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((2,)),
    ...         keras.layers.Dense(2, activation="relu", name="hidden"),
    ...         keras.layers.Dense(1),
    ...     ]
    ... )
    >>> model.compile(keras.optimizers.SGD(0.0), "mse")
    >>> kernel = np.array([[1.0, -1.0], [1.0, -1.0]])
    >>> model.layers[0].set_weights([kernel, np.zeros(2)])
    >>> x, y = np.ones((4, 2)), np.ones((4, 1))
    >>> monitor = ktk.callbacks.ActivationMonitor(x)
    >>> history = model.fit(x, y, verbose=0, callbacks=[monitor]).history
    >>> monitor.layers["hidden"]["dead"], history["dead_share"]
    ([0.5], [0.5])

    Reference:

    - [Glorot and Bengio, 2010](https://proceedings.mlr.press/v9/glorot10a.html)
    - [Lu et al., 2020](https://arxiv.org/abs/1903.06733) (dying ReLU)
    """

    def __init__(self, x, every=1, training=False):
        super().__init__()
        refuse_to_be_worker(type(self).__name__)
        require_integer("every", every, 1)
        require_choice("training", training, (True, False))
        _require_rows(x)
        self.x = x
        self.every = every
        self.training = training
        self.layers, self.before = {}, {}
        self._batch = None
        self._first, self._epochs = None, 0

    def on_train_begin(self, logs=None):
        """Looks at the model as it is before the first step."""
        refuse_workers(self.model, type(self).__name__)
        self.layers, self.before = {}, {}
        self._first, self._epochs = None, 0
        # Logs that differ would end the training of one process alone.
        self._batch = from_main_process(self.x)
        if is_built(self.model):
            self.before = self._look()

    def on_epoch_begin(self, epoch, logs=None):
        """Notes where this `fit` begins."""
        if self._first is None:
            self._first = epoch

    def on_epoch_end(self, epoch, logs=None):
        """Looks, if it is this epoch's turn, and adds to the logs."""
        last = epoch == (self.params or {}).get("epochs", math.nan) - 1
        due = last or (epoch - self._first) % self.every == 0
        seen = self._look() if due else {}
        for path in [*self.layers, *(p for p in seen if p not in self.layers)]:
            self._add(path, seen.get(path))
        self._epochs += 1
        if logs is not None:
            logs.update(
                {
                    total: _mean(getattr(one, name) for one in seen.values())
                    for name, total in _TOTALS.items()
                }
            )

    def plot(self, measure="std", ax=None):
        """Draws a value of every layer over the epochs; needs matplotlib.

        Args:
            measure: `"mean"`, `"std"`, `"dead"` or `"saturated"`. Defaults to
                `"std"`.
            ax: Axes to draw on. Defaults to `None`: new ones.

        Returns:
            The matplotlib Axes.

        Raises:
            ValueError: Before the first epoch of a `fit` has ended, and for
                layers that have no such value.
        """
        require_choice("measure", measure, _MEASURES)
        curves = {
            path: held[measure]
            for path, held in self.layers.items()
            if not all(map(math.isnan, held[measure]))
        }
        if not curves:
            raise bad_value(
                "measure",
                measure,
                "one that a layer of the model has, after an epoch of a `fit` "
                "with this ActivationMonitor",
            )
        scale = _SCALES.get(measure, "linear")
        return plot_layer_curves(curves, None, measure, ax, scale)

    def _look(self):
        return dict(forward(self.model, self._batch, training=self.training))

    def _add(self, path, output):
        lists = self.layers.setdefault(
            path, {name: [math.nan] * self._epochs for name in _MEASURES}
        )
        for name in _MEASURES:
            value = getattr(output, name, None)
            lists[name].append(math.nan if value is None else value)


def _require_rows(x):
    arrays = [one for one in keras.tree.flatten(x) if one is not None]
    if not arrays or not all(getattr(one, "shape", ()) for one in arrays):
        raise bad_type("x", x, "an array, or a list or dict of arrays")
    if not all(len(one) for one in arrays):
        raise bad_value("x", "no rows", "a batch of some rows")


def _mean(values):
    values = [value for value in values if value is not None]
    return sum(values) / len(values) if values else math.nan

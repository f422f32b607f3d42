"""Callbacks for one `fit`, and what each does to a replay of it by hand.

A `Part` makes a callback, and tells at each hook what becomes of a `Run`: the
network's weights, the learning rate as it is kept, the rate of an update.
"""

import functools

import keras
import numpy as np

import keras_trainkit as ktk
from tests.helpers import normed_net

BATCH, STEPS, ROWS = 8, 3, 24
HOOKS = (
    "train_begin",
    "epoch_begin",
    "train_batch_begin",
    "train_batch_end",
    "epoch_end",
    "train_end",
)
_RNG = np.random.default_rng(0)
X = _RNG.normal(size=(ROWS, normed_net.FEATURES)).astype("float32")
Y = _RNG.normal(size=(ROWS, 1)).astype("float32")


class Planted(Exception):
    """What a hook raises in the middle of a `fit`."""


class Run:
    """A `fit` by hand.

    Args:
        net: A `NormedReplay`, which is trained.
        rate: The optimizer's learning rate.
        momentum: Its `momentum` or `beta_1`; `None` if it has none.
        parts: List of `Part`s, in the order of the callbacks.
        epochs: How many there are.
        validates: Whether each ends with a validation.

    Attributes:
        rate: What the learning rate is when the `fit` has ended.
        updates: How many were made.
    """

    def __init__(self, net, rate, momentum, parts, epochs, validates):
        self.net, self.rate, self.momentum = net, rate, momentum
        self.parts, self.epochs, self.validates = parts, epochs, validates
        self.updates, self.lowered = 0, 1.0

    def go(self):
        """Trains to the end, or to the hook that raises."""
        self._tell("train_begin")
        for epoch in range(self.epochs):
            self._tell("epoch_begin", epoch)
            for batch in range(STEPS):
                self._tell("train_batch_begin", batch)
                self._update(epoch, batch)
                self._tell("train_batch_end", batch)
            if self.validates:
                self._tell("test_begin", epoch)
            self._tell("epoch_end", epoch)
        self._tell("train_end")

    def _tell(self, hook, *place):
        for part in self.parts:
            getattr(part, hook, _nothing)(self, *place)

    def _update(self, epoch, batch):
        rows = slice(batch * BATCH, (batch + 1) * BATCH)
        curves = [p for p in self.parts if hasattr(p, "curve")]
        rate, momentum = self.rate, self.momentum
        for part in curves:
            rate, momentum = part.curve(self.updates, momentum)
            rate = rate * self.lowered
        for part in self.parts:
            rate = rate * getattr(part, "kick", _one)(epoch)
        values = {} if momentum is None else {"momentum": momentum}
        self.net.step(X[rows], Y[rows], learning_rate=rate, **values)
        self.updates += 1
        self._tell("updated", self.updates)


def _nothing(*arguments):
    return None


def _one(epoch):
    return 1.0


class Part:
    """A callback and what it does. One that only looks on does nothing."""

    def __init__(self, make):
        self.make = make


class OneCycle(Part):
    """`OneCycle(0.1)` over ten updates, written out."""

    def __init__(self):
        super().__init__(lambda: ktk.callbacks.OneCycle(0.1, total_steps=10))

    def curve(self, update, momentum):
        places = [0, 3.5, 7, 9]
        rate = np.interp(update, places, [0.01, 0.1, 0.01, 0.00001])
        cycled = np.interp(update, places, [0.95, 0.85, 0.95, 0.95])
        return rate, None if momentum is None else cycled


class Falling(Part):
    """A schedule of one's own."""

    def __init__(self):
        super().__init__(
            lambda: ktk.callbacks.HyperparameterSchedule(
                learning_rate=lambda update: 0.05 / (1 + update)
            )
        )

    def curve(self, update, momentum):
        return 0.05 / (1 + update), momentum


class Kicks(Part):
    """A metric that never improves: thrice the rate in the third epoch."""

    def __init__(self):
        super().__init__(
            lambda: ktk.callbacks.RaiseLROnPlateau(
                "loss", factor=3.0, patience=1, min_delta=1e9, mode="min"
            )
        )

    def kick(self, epoch):
        return 3.0 if epoch == 2 else 1.0


class Stages(Part):
    """The head first, then all, or all but what belongs to old data."""

    def __init__(self, epochs, batch_norm):
        self.stages = {0: "head", 1: "all"} if epochs > 1 else {0: "head"}
        follows = batch_norm == "follow"
        self.all = normed_net.NAMES if follows else ("low", "head")
        super().__init__(
            lambda: ktk.callbacks.FineTuning(self.stages, 0.5, batch_norm)
        )

    def epoch_begin(self, run, epoch):
        if epoch == 0:
            run.net.train(["head"])
        if epoch == 1:
            run.net.train(self.all)
            run.rate *= 0.5
            run.lowered *= 0.5


class Pruning(Part):
    """Half of each kernel, in four updates."""

    def __init__(self):
        super().__init__(
            lambda: ktk.callbacks.MagnitudePruning(
                0.5, start=1, end=4, frequency=2
            )
        )

    def train_begin(self, run):
        self.masks = {
            key: np.ones_like(run.net.weights[key], bool)
            for key in normed_net.KERNELS
        }

    def updated(self, run, update):
        self._apply(run, [k for k in self.masks if k[0] in run.net.trained])
        if update in (1, 3, 4) or (update > 4 and update % 2 == 1):
            share = 0.5 * (1 - (1 - (min(update, 4) - 1) / 3) ** 3)
            self._prune(run.net, share)

    def train_end(self, run):
        self._apply(run, self.masks)

    def _prune(self, net, share):
        for key in self.masks:
            if key[0] in net.trained:
                sizes = np.abs(net.weights[key]).ravel()
                count = min(int(share * sizes.size + 0.5), sizes.size - 1)
                mask = self.masks[key].ravel()
                mask[np.argsort(sizes, kind="stable")[:count]] = False
                self.masks[key] = mask.reshape(net.weights[key].shape)
                net.weights[key] = net.weights[key] * self.masks[key]

    def _apply(self, run, keys):
        for key in keys:
            run.net.weights[key] = run.net.weights[key] * self.masks[key]


class Refreshed(Part):
    """Statistics of all rows at the end, and for the last validation."""

    def __init__(self):
        super().__init__(lambda: ktk.callbacks.RefreshBatchNorm(X))

    def test_begin(self, run, epoch):
        if epoch + 1 == run.epochs:
            run.net.refresh(X)

    def train_end(self, run):
        run.net.refresh(X)


class Averaged(Part):
    """The mean of the weights at the ends of all epochs."""

    def __init__(self):
        super().__init__(
            lambda: ktk.callbacks.StochasticWeightAveraging(X, start=0)
        )

    def train_begin(self, run):
        self.seen = []

    def epoch_end(self, run, epoch):
        self.seen.append(run.net.given())

    def train_end(self, run):
        columns = zip(*self.seen, strict=True)
        run.net.take([sum(one) / len(one) for one in columns])
        if "norm" in run.net.trained:
            run.net.refresh(X)


class Fault(Part):
    """Raises in one hook, at one epoch and batch.

    Args:
        hook: Name of the hook, without `on_`.
        epoch: At which it raises, where the hook is one of an epoch.
        batch: Likewise.
    """

    def __init__(self, hook, epoch, batch):
        super().__init__(lambda: _Raises(_Place(hook, epoch, batch)))
        place = _Place(hook, epoch, batch)
        for name in HOOKS:
            setattr(
                self, name, _without_run(functools.partial(place.meet, name))
            )


def _without_run(meet):
    return lambda run, *numbers: meet(*numbers)


class _Place:
    """Where a fault lies."""

    def __init__(self, hook, epoch, batch):
        self.hook, self.epoch, self.batch = hook, epoch, batch
        self.now = None

    def meet(self, hook, number=None):
        """Raises where this is the place."""
        if hook == "epoch_begin":
            self.now = number
        meant = {
            "epoch": self.epoch == number,
            "train_batch": (self.now, number) == (self.epoch, self.batch),
            "train": True,
        }
        if hook == self.hook and meant[hook.rpartition("_")[0]]:
            raise Planted(hook)


class _Raises(keras.callbacks.Callback):
    def __init__(self, place):
        super().__init__()
        self.place = place

    def on_train_begin(self, logs=None):
        self._meet("train_begin")

    def on_train_end(self, logs=None):
        self._meet("train_end")

    def on_epoch_begin(self, epoch, logs=None):
        self._meet("epoch_begin", epoch)

    def on_epoch_end(self, epoch, logs=None):
        self._meet("epoch_end", epoch)

    def on_train_batch_begin(self, batch, logs=None):
        self._meet("train_batch_begin", batch)

    def on_train_batch_end(self, batch, logs=None):
        self._meet("train_batch_end", batch)

    def _meet(self, *place):
        try:
            self.place.meet(*place)
        except Planted:
            # On JAX, asking for the model brings its state back.
            self.model.get_weights()
            raise


def watchers():
    """Returns `{name: part}` of what may not change anything."""
    calls = ktk.callbacks
    return {
        "gradients": Part(calls.GradientMonitor),
        "doctor": Part(lambda: calls.TrainingDoctor(verbose=0)),
        "guard": Part(lambda: calls.NonFiniteGuard(verbose=0)),
        "activations": Part(lambda: calls.ActivationMonitor(X[:4])),
        "clean": Part(lambda: calls.EvaluateTraining(X, Y)),
    }

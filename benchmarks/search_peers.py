"""A learning-rate search side by side with Lightning's, on torch.

Both search the same Keras network, which is a torch module, from the same
weights on the same data, as they are called by default; Lightning with
torch's own optimizer. Then the network is trained by `fit` at either
suggestion. The stored times are processor times, which other work on the
machine changes little: run with `BENCHMARK_CLOCK=processor OMP_NUM_THREADS=1`.
"""

import logging
import warnings

import keras
import numpy as np
from interleave import clock
from search_tasks import BATCH
from search_tasks import NETWORKS
from search_tasks import PIXELS
from search_tasks import Trainer
from search_tasks import compile_for_classes
from search_tasks import digits
from search_tasks import network

import keras_trainkit as ktk


def peers(seeds):
    """Prints a line a network, then the times."""
    quiet()
    ratios = {}
    for name in NETWORKS:
        trainer, found, times = Trainer(name), [], []
        both(name, 0)  # What a first call imports and allocates.
        for seed in range(seeds):
            rates, seconds = both(name, seed)
            found.append(
                [*rates, *(accuracy(trainer, seed, rate) for rate in rates)]
            )
            times.append(seconds)
        ours, theirs, at_ours, at_theirs = np.array(found).T
        times = np.array(times)
        ratios[name] = times[:, 0] / times[:, 1]
        print(
            f"{name}: suggestion {told(ours, '.2g')}, Lightning's "
            f"{told(theirs, '.2g')}; accuracy {told(at_ours, '.3f')}, "
            f"{told(at_theirs, '.3f')}; seconds {told(times[:, 0], '.2f')}, "
            f"{told(times[:, 1], '.2f')}",
            flush=True,
        )
    ratio_line("time over Lightning's", np.concatenate([*ratios.values()]))
    for name, each in ratios.items():
        ratio_line(f"  {name}", each)


def bound(pairs=12):
    """Prints what Keras's layers cost where torch's could be used.

    A network of torch's layers under Lightning, the same one of Keras's
    layers under Lightning, a plain `fit` of that, a search, and a search on
    the first one wrapped for Keras, each of 100 steps, take turns.
    """
    quiet()
    train, _ = digits(0)
    repeated = [np.resize(p, (100 * BATCH, *p.shape[1:])) for p in train]
    ways = {
        "torch's layers, Lightning": lambda: lightning(
            torch_twin(), "SGD", repeated, early_stop_threshold=None
        ),
        "Keras's layers, Lightning": lambda: lightning(
            network("dense", 0), "SGD", repeated, early_stop_threshold=None
        ),
        "Keras's layers, plain fit": lambda: network("dense", 0).fit(
            *repeated, batch_size=BATCH, verbose=0
        ),
        "Keras's layers, our search": lambda: search_100(
            network("dense", 0), repeated
        ),
        "torch's layers in a TorchModuleWrapper, our search": lambda: (
            search_100(wrapped_twin(), repeated)
        ),
    }
    times = np.array(
        [[timed(way)[1] for way in ways.values()] for _ in range(pairs)]
    )[1:]
    for name, column in zip(ways, times.T, strict=True):
        ratio_line(f"{name}, over the first", column / times[:, 0])


def search_100(model, data):
    return ktk.tuning.find_learning_rate(
        model, *data, max_steps=100, early_stop_threshold=None
    )


def wrapped_twin():
    model = keras.Sequential(
        [
            keras.Input((PIXELS,)),
            keras.layers.TorchModuleWrapper(torch_twin()),
        ]
    )
    compile_for_classes(model, "SGD", 1e-3)
    return model


def both(name, seed):
    """Returns our suggestion and Lightning's, and the seconds they took."""
    train, _ = digits(seed)
    mine, theirs = network(name, seed), network(name, seed)
    keras.utils.set_random_seed(seed)
    search, first = timed(lambda: ktk.tuning.find_learning_rate(mine, *train))
    rate, second = timed(lambda: lightning(theirs, NETWORKS[name][1], train))
    try:
        ours = search.suggestion()
    except ValueError:
        ours = np.nan
    return (ours, rate), (first, second)


def timed(call):
    start = clock()
    result = call()
    return result, clock() - start


def accuracy(trainer, seed, rate):
    return trainer.accuracy(seed, rate) if rate > 0 else np.nan


def lightning(net, optimizer, data, **arguments):
    """Returns the suggestion of Lightning's `lr_find`; NaN without one."""
    import torch
    from lightning.pytorch import LightningModule
    from lightning.pytorch import Trainer as Lightning
    from lightning.pytorch.tuner import Tuner

    keras_model = isinstance(net, keras.Model)

    class Module(LightningModule):
        def __init__(self):
            super().__init__()
            self.net, self.lr = net, 1e-3

        def training_step(self, batch, index):
            x, y = batch
            scores = net(x, training=True) if keras_model else net(x)
            return torch.nn.functional.cross_entropy(scores, y)

        def configure_optimizers(self):
            weights = [p for p in net.parameters() if p.requires_grad]
            if optimizer == "SGD":
                return torch.optim.SGD(weights, self.lr, momentum=0.9)
            return torch.optim.Adam(weights, self.lr)

    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(*map(torch.from_numpy, data)),
        batch_size=BATCH,
        shuffle=True,
    )
    trainer = Lightning(
        max_epochs=-1,  # it ends after its own count of steps
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    found = Tuner(trainer).lr_find(
        Module(), train_dataloaders=loader, update_attr=False, **arguments
    )
    suggestion = found.suggestion()
    return np.nan if suggestion is None else suggestion


def torch_twin():
    """The dense network of `NETWORKS` in torch's own layers."""
    import torch

    return torch.nn.Sequential(
        torch.nn.Linear(PIXELS, 64),
        torch.nn.ReLU(),
        torch.nn.Linear(64, 32),
        torch.nn.ReLU(),
        torch.nn.Linear(32, 10),
    )


def quiet():
    warnings.filterwarnings("ignore", module="lightning")
    for name in ("lightning.pytorch", "lightning.pytorch.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.ERROR)


def told(values, form):
    """Returns the median and the range of values, in words."""
    median, low, high = (
        format(f(values), form) for f in (np.nanmedian, np.nanmin, np.nanmax)
    )
    return f"{median} ({low} to {high})"


def ratio_line(name, ratios):
    low, median, high = np.percentile(ratios, [25, 50, 75])
    print(
        f"[torch] {name}: x{median:.2f} (quartiles {low:.2f} to {high:.2f}, "
        f"{len(ratios)} pairs)",
        flush=True,
    )

"""torch's schedulers, one value per step, as oracles."""

import warnings

import numpy as np
import pytest


def torch_rates(make, steps, base=1.0):
    """Returns the rates of a torch scheduler.

    Args:
        make: Callable `(torch.optim.lr_scheduler, optimizer) -> scheduler`.
        steps: How many.
        base: The optimizer's own learning rate.
    """
    torch = pytest.importorskip(
        "torch", reason="torch oracle: torch is not installed"
    )
    weight = torch.nn.Parameter(torch.zeros(()))
    optimizer = torch.optim.SGD([weight], lr=base)
    rates = []
    with warnings.catch_warnings():
        # They are meant to be stepped behind the optimizer.
        warnings.simplefilter("ignore")
        scheduler = make(torch.optim.lr_scheduler, optimizer)
        for _ in range(steps):
            rates.append(optimizer.param_groups[0]["lr"])
            scheduler.step()
    return np.array(rates)


def keras_rates(schedule, steps):
    import keras

    return np.array(
        [
            float(keras.ops.convert_to_numpy(schedule(step)))
            for step in range(steps)
        ]
    )

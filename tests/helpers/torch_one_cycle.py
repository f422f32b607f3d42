"""torch's OneCycleLR as the oracle of every 1cycle curve."""

import warnings

import numpy as np
import pytest


def torch_curves(total_steps, max_lr, base_momentum, max_momentum, **arguments):
    """Returns torch's learning rates and momenta at every step."""
    torch = pytest.importorskip(
        "torch", reason="torch oracle: torch is not installed"
    )
    weight = torch.nn.Parameter(torch.zeros(()))
    optimizer = torch.optim.SGD([weight], lr=1.0, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=max_lr,
        total_steps=total_steps,
        base_momentum=base_momentum,
        max_momentum=max_momentum,
        **arguments,
    )
    rates, momenta = [], []
    group = optimizer.param_groups[0]
    with warnings.catch_warnings():
        # It is meant to be stepped behind the optimizer.
        warnings.simplefilter("ignore")
        for step in range(total_steps):
            rates.append(group["lr"])
            momenta.append(group["momentum"])
            if step + 1 < total_steps:
                scheduler.step()
    return np.array(rates), np.array(momenta)


def sound(arguments):
    """Whether torch's curve has its phases and comes near its peak."""
    total, start = arguments["total_steps"], arguments["pct_start"]
    rise = start * total - 1
    if arguments["three_phase"]:
        return rise >= 2 and start <= 0.5
    return rise >= 2 and total - 1 - rise >= 2

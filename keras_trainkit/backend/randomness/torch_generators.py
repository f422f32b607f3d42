"""The generators that a user has given to a torch `DataLoader`."""

import sys


def data_generators(data):
    """Returns the torch generators that data is drawn with.

    Args:
        data: Whatever `fit` accepts.

    Returns:
        List of `torch.Generator`: those of a `DataLoader`, of its samplers
        and its dataset. Empty for other data: a loader that was given no
        generator draws from torch's global one.
    """
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(data, torch.utils.data.DataLoader):
        return []
    batches = data.batch_sampler
    holders = [
        data,
        data.sampler,
        batches,
        getattr(batches, "sampler", None),
        data.dataset,
    ]
    held = [getattr(holder, "generator", None) for holder in holders]
    generators = [g for g in held if isinstance(g, torch.Generator)]
    return list({id(one): one for one in generators}.values())

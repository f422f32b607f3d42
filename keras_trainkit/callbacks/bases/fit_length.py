"""How long a `fit` is, and what of it an epoch begins after."""

from keras_trainkit.backend.optimizer import anatomy
from keras_trainkit.kernels.argument_checks import bad_value


def length_is_known(params):
    """Whether `fit` knows how many epochs and batches it has.

    Args:
        params: `Callback.params`.
    """
    return None not in (params.get("steps"), params.get("epochs"))


def updates_of_fit(params, optimizer, owner, instead):
    """Returns how many updates a `fit` is going to make.

    Args:
        params: `Callback.params`.
        optimizer: The innermost optimizer.
        owner: Name of the callback, for errors.
        instead: What the user can pass to the callback instead, in words.

    Raises:
        ValueError: When the length of an epoch is unknown.
    """
    if not length_is_known(params):
        raise ValueError(
            f"Expected a `fit` of known length with {owner}. "
            "Received: data that does not tell how many batches it has. "
            f"Pass `steps_per_epoch` to `fit`, or {instead} to {owner}."
        )
    batches = params["epochs"] * params["steps"]
    return batches // anatomy.accumulation_steps(optimizer)


def batches_before(params, epoch):
    """Returns how many batches come before an epoch.

    Args:
        params: `Callback.params`.
        epoch: Integer.

    Raises:
        ValueError: When the length of an epoch is unknown, but for the first.
    """
    if epoch == 0:
        return 0
    steps = params.get("steps")
    if steps is None:
        raise bad_value(
            "initial_epoch",
            epoch,
            "0 where the data does not tell how many batches it has",
            "Pass `steps_per_epoch` to `fit`.",
        )
    return epoch * steps

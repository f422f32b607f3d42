"""What norms of gradients, weights and updates tell together."""

import numpy as np

MEASURES = (
    "gradient_norm",
    "clipped_gradient_norm",
    "gradient_norm_max",
    "gradient_to_weight",
    "update_to_weight",
)


def measures(means, peaks):
    """Returns `{name: array}`, one value a layer, for each of `MEASURES`.

    A ratio is that of the means: a weight that begins at 0 would make the
    mean of the ratios infinite.

    Args:
        means: Array (5, layers): means over updates of the norms of the
            gradients before and after clipping, of the weights, of the
            updates, and of whether the layer was updated, 0 or 1. What was
            never updated is NaN.
        peaks: Array (layers,): the largest norms of the gradients.
    """
    before, after, weights, updates, present = means
    # A mean over all updates: a layer may have been in some of them.
    share = np.where(present > 0, present, np.nan)
    never = np.isnan(share)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "gradient_norm": before / share,
            "clipped_gradient_norm": after / share,
            "gradient_norm_max": np.where(never, np.nan, peaks),
            "gradient_to_weight": np.where(never, np.nan, before / weights),
            "update_to_weight": np.where(never, np.nan, updates / weights),
        }

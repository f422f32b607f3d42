"""Norms of gradients and updates of a linear net, replayed in float64."""

import numpy as np

from tests.helpers.replay import LinearReplay
from tests.helpers.replay import batches
from tests.helpers.replay import sgd


def clipped(gradients, clipnorm=None, global_clipnorm=None, clipvalue=None):
    """Returns gradients as Keras's optimizers clip them."""
    if clipnorm:
        return [g * min(1, clipnorm / norm([g])) for g in gradients]
    if global_clipnorm:
        scale = min(1, global_clipnorm / norm(gradients))
        return [g * scale for g in gradients]
    if clipvalue:
        return [np.clip(g, -clipvalue, clipvalue) for g in gradients]
    return gradients


def norm(arrays):
    return np.sqrt(sum((a**2).sum() for a in arrays))


def replayed(weights, x, y, batch_size, rate, decay=0, accumulate=1, **clip):
    """Returns `{measure: [one value an epoch]}` of two epochs with SGD."""
    hand = LinearReplay(weights, sgd)
    names = ("before", "after", "weight", "update")
    epochs = []
    for _ in range(2):
        seen = {name: [] for name in names}
        held = []
        for batch in batches(x, y, batch_size):
            held.append(hand.gradients(*batch))
            if len(held) < accumulate:
                continue
            gradients = [np.mean(g, axis=0) for g in zip(*held, strict=True)]
            held = []
            old = [w.copy() for w in hand.weights]
            seen["before"].append(norm(gradients))
            gradients = clipped(gradients, **clip)
            seen["after"].append(norm(gradients))
            hand.weights = [w * (1 - decay * rate) for w in hand.weights]
            hand.update(gradients, learning_rate=rate)
            change = [a - b for a, b in zip(hand.weights, old, strict=True)]
            seen["weight"].append(norm(old))
            seen["update"].append(norm(change))
        epochs.append(seen)
    mean = {n: [np.mean(e[n]) for e in epochs] for n in names}
    ratio = {n: np.divide(mean[n], mean["weight"]) for n in names}
    return {
        "gradient_norm": mean["before"],
        "clipped_gradient_norm": mean["after"],
        "gradient_norm_max": [max(e["before"]) for e in epochs],
        "gradient_to_weight": ratio["before"],
        "update_to_weight": ratio["update"],
    }

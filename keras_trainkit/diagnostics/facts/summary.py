"""What a report says of the model besides its findings."""

import math


def summary(subject):
    """Returns a dict of strings to strings: what was looked at.

    Args:
        subject: A `Subject`.
    """
    model, compiled = subject.model, subject.compiled
    lines = {
        "model": f"{model.name} ({type(model).__name__})",
        "layers": str(len(subject.network.nodes)),
        "weights": f"{model.count_params():,}",
    }
    if compiled is not None:
        losses = [one.name or "its own" for one in compiled.loss if one]
        lines["loss"] = ", ".join(dict.fromkeys(losses))
        rate = compiled.learning_rate
        at = "" if rate is None else f", learning rate {rate:g}"
        lines["optimizer"] = f"{compiled.optimizer_name}{at}"
    for name in ("rows", "batch_size", "epochs"):
        value = getattr(subject, name)
        if value is not None:
            lines[name.replace("_", " ")] = f"{value:,}"
    return lines


def layer_table(subject):
    """Returns a list of dicts, one for each layer with weights or activation.

    Args:
        subject: A `Subject`.
    """
    return [
        {
            "path": node.path,
            "kind": node.kind,
            "shape": list(node.shape),
            "parameters": _parameters(node.layer),
            "activation": node.activation,
        }
        for node in subject.network.nodes
        if getattr(node.layer, "weights", None) or node.activation
    ]


def _parameters(layer):
    weights = getattr(layer, "weights", ())
    return sum(math.prod(one.shape) for one in weights)

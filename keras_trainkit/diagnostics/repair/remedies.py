"""What helps most networks that do not learn, whatever was found."""

import math

from keras_trainkit.diagnostics.finding import Repair
from keras_trainkit.diagnostics.repair.candidate import Candidate
from keras_trainkit.diagnostics.repair.layer_repairs import hidden_nodes
from keras_trainkit.kernels.data_facts.columns import column_facts
from keras_trainkit.kernels.data_facts.columns import size_fault

_SATURATING = ("sigmoid", "tanh", "hard_sigmoid", "softsign")
_ENDS = {
    "binary": ("sigmoid", "binary_crossentropy"),
    "classes": ("softmax", "sparse_categorical_crossentropy"),
    "one_hot": ("softmax", "categorical_crossentropy"),
    "labels": ("sigmoid", "binary_crossentropy"),
    "values": ("linear", "mse"),
}
# Updates below which a network has hardly begun, and how many more are tried.
_FEW_UPDATES = 1000
_MORE, _MOST = 3, 10
_MANY_UNITS = 64
# Weights of a network that learns by larger steps.
_SMALL = 1000


def remedies(patient):
    """Returns the `Candidate`s that are worth a trial in any such network.

    Args:
        patient: A `Patient`.
    """
    found = [
        *_output_and_loss(patient),
        *_inputs(patient),
        *_targets(patient),
        *_optimizer(patient),
        *_hidden(patient),
        *_length(patient),
        *_order(patient),
        *_rates(patient),
        *_wider(patient),
        *_less_regularised(patient),
        *_normalised(patient),
        *_balanced(patient),
    ]
    return found


def _output_and_loss(patient):
    """The activation, units and loss that go with the targets."""
    if len(patient.tasks) != 1 or len(patient.network.outputs) != 1:
        return
    task, network = patient.tasks[0], patient.network
    final = network.final(network.outputs[0])
    if final.weighted is None or final.weighted.kind not in ("dense", "conv"):
        return
    form, units, coding = _form(task, final)
    activation, loss = _ENDS[form]
    repairs = [Repair("loss", loss)]
    if coding is not None:
        repairs.append(Repair("targets", coding))
    if final.activation != activation:
        where = final.weighted.path
        if final.weighted.activation in (None, "linear"):
            where = _last_activation(final)
        repairs.append(Repair("activation", activation, where))
    if units is not None and final.units != units:
        repairs.append(Repair("units", units, final.weighted.path))
    known = patient.subject.compiled.loss[0]
    right = known is not None and known.name == _full(loss)
    plain = right and not known.from_logits
    logits = right and known.from_logits and final.activation == "linear"
    if (plain and len(repairs) == 1) or (logits and len(repairs) == 2):
        return
    yield Candidate("output and loss for the targets", tuple(repairs), True)


def _form(task, final):
    """Returns how a task's output ends: its form, units and coding."""
    facts = task.facts
    if task.kind == "labels":
        return "labels", facts.shape[-1], None
    if task.kind == "values":
        columns = facts.shape[-1] if facts.shape else 1
        return "values", columns if len(facts.shape) < 2 else None, None
    classes = len(facts.classes)
    if facts.kind == "one_hot":
        return "one_hot", classes, None
    from_zero = facts.classes == tuple(range(classes))
    if classes == 2:
        return "binary", 1, None if from_zero else "sparse"
    return "classes", classes, None if from_zero else "sparse"


def _full(loss):
    return {"mse": "mean_squared_error"}.get(loss, loss)


def _last_activation(final):
    node = final.output
    while node is not final.weighted:
        if node.kind == "activation":
            return node.path
        node = node.before[0]
    return final.weighted.path


def _inputs(patient):
    faulty = False
    for array in patient.subject.sample.x:
        facts = column_facts(array) if array.dtype.kind in "iuf" else None
        if facts is None or facts.tokens:
            continue
        varying = ~facts.constant
        off = (facts.mean[varying] > 2).any() or size_fault(facts) is not None
        if varying.any():
            spread = facts.deviation[varying]
            off = off or not (0.2 < spread.mean() < 3)
            faulty = faulty or bool(off)
    first = patient.network.nodes[0].kind if patient.network.nodes else ""
    if first not in ("embedding", "preprocessing", "normalization"):
        yield Candidate("standardise", (Repair("standardize"),), faulty)


def _targets(patient):
    task = patient.tasks[0]
    if len(patient.tasks) == 1 and task.kind == "values":
        facts = task.facts
        off = abs(facts.mean) > 2 or not (0.1 < facts.deviation < 3)
        if off and len(facts.shape) < 2:
            yield Candidate("scale targets", (Repair("scale_targets"),), True)


def _optimizer(patient):
    """Adam; a small network takes larger steps, and a few updates need them."""
    compiled = patient.subject.compiled
    weights = patient.origin.count_params()
    rates = (1e-2, 1e-3) if weights < _SMALL else (1e-3, 1e-2)
    for rate in rates:
        now = compiled.learning_rate or 0
        adaptive = compiled.optimizer_name in ("adam", "nadam", "adamw")
        if not (adaptive and rate / 3 <= now <= 3 * rate):
            yield Candidate(
                f"Adam, rate {rate:g}",
                (Repair("optimizer", "adam"), Repair("learning_rate", rate)),
                rate == rates[0],
            )


def _hidden(patient):
    nodes = hidden_nodes(patient.network)
    repairs, faulty = [], False
    for node in nodes:
        seen = patient.network.effective_activation(node)
        if seen in (*_SATURATING, "linear"):
            faulty = faulty or seen != "tanh" or len(nodes) > 3
            where = node.path
            if node.activation in (None, "linear") and seen != "linear":
                where = _next_activation(node)
            repairs += [
                Repair("activation", "relu", where),
                Repair("initializer", "he_normal", node.path),
            ]
        elif seen == "relu":
            repairs.append(Repair("initializer", "he_normal", node.path))
    changed = any(one.kind == "activation" for one in repairs)
    if repairs and changed:
        name = "ReLU with He's initialiser"
        yield Candidate(name, tuple(repairs), faulty)


def _next_activation(node):
    while node.kind != "activation":
        node = node.after[0]
    return node.path


def _length(patient):
    fit = patient.fit_kwargs
    epochs = fit.get("epochs", 1)
    size = fit.get("batch_size") or 32
    rows = len(patient.targets[0])
    updates = epochs * math.ceil(rows / size)
    if size > max(rows // 10, 8):
        smaller = 2 ** int(math.log2(min(32, max(rows // 10, 8))))
        if smaller < size:
            yield Candidate(
                f"batches of {smaller}", (Repair("batch_size", smaller),), True
            )
    if size < 8 and rows >= 160:
        yield Candidate("batches of 32", (Repair("batch_size", 32),), True)
    few = updates < _FEW_UPDATES
    more = epochs * min(_MOST, max(_MORE, math.ceil(_FEW_UPDATES / updates)))
    yield Candidate(f"{more} epochs", (Repair("epochs", more),), few)


def _order(patient):
    if patient.fit_kwargs.get("shuffle") is False:
        yield Candidate("shuffle", (Repair("shuffle", True),), True)


def _rates(patient):
    rate = patient.subject.compiled.learning_rate
    if rate:
        for factor in (10, 0.1):
            new = float(f"{rate * factor:.3g}")
            yield Candidate(f"rate {new:g}", (Repair("learning_rate", new),))


def _wider(patient):
    repairs = [
        Repair("units", max(_MANY_UNITS, 2 * node.units), node.path)
        for node in hidden_nodes(patient.network)
        if node.kind == "dense" and node.units and node.units < _MANY_UNITS
    ]
    if repairs:
        small = all(one.units < 16 for one in hidden_nodes(patient.network))
        yield Candidate("wider layers", tuple(repairs), small)


def _less_regularised(patient):
    repairs = []
    for node in patient.network.nodes:
        if node.kind == "dropout" and getattr(node.core, "rate", 0) > 0:
            repairs.append(Repair("dropout_rate", 0.0, node.path))
        if getattr(node.core, "kernel_regularizer", None) is not None:
            repairs.append(Repair("regularizer", None, node.path))
    if repairs:
        yield Candidate("no regularisation", tuple(repairs))


def _normalised(patient):
    network = patient.network
    norms = any(one.kind == "normalization" for one in network.nodes)
    if len(hidden_nodes(network)) > 1 and not norms:
        yield Candidate("normalisation", (Repair("add_normalization"),))


def _balanced(patient):
    task = patient.tasks[0]
    uneven = task.kind == "classes" and task.score == "balanced accuracy"
    if uneven and len(patient.tasks) == 1:
        yield Candidate("class weights", (Repair("class_weight"),), True)

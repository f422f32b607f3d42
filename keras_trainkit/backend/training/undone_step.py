"""A train step whose effects are undone where it went wrong."""

import keras

from keras_trainkit.backend.model.torch_buffers import TorchBuffers
from keras_trainkit.backend.model.untracked_state import untracked_variables
from keras_trainkit.backend.optimizer.tensor_norms import values_of
from keras_trainkit.backend.randomness.random_state import TorchDraws
from keras_trainkit.backend.training.compiled_parts import optimizers_of


def undone_unless_good(model, step, judge, carried):
    """Returns a train step that leaves all as it was where it went wrong.

    Put back are the weights, statistics, slots, counters, seeds and metrics,
    by the step itself: nothing is copied to the host.

    Args:
        model: A compiled `keras.Model`; all that it trains with is built.
        step: Its train step.
        judge: Has `begin()`, called before the step; `is_good(logs,
            statistics, data)`, called after it, which returns a boolean
            tensor; and `variables`, which are never put back.
        carried: List of variables of ours that the step changes.
    """
    if keras.backend.backend() == "jax":
        return _stateless(model, step, judge)
    return _stateful(model, step, judge, carried)


def _stateless(model, step, judge):
    def undone(state, data):
        trained, others, slots, metrics = state
        slots, _ = _inside(model, slots, judge.begin)
        before = (trained, others, slots, metrics)
        logs, after = step(before, data)

        def is_good():
            return judge.is_good(logs, after[1], data)

        judged, good = _inside(model, after[2], is_good)
        chosen = [
            [keras.ops.where(good, b, a) for a, b in zip(*pair, strict=True)]
            for pair in zip(before, after, strict=True)
        ]
        own = {id(variable) for variable in judge.variables}
        chosen[2] = [
            new if id(variable) in own else old
            for variable, new, old in zip(
                model.optimizer.variables, judged, chosen[2], strict=True
            )
        ]
        pairs = zip(model.metrics_variables, chosen[3], strict=True)
        with keras.StatelessScope(list(pairs)):
            logs = _logs_now(model, logs)
        return logs, tuple(chosen)

    return undone


def _inside(model, slots, function):
    """Calls a function that uses the optimizer's variables.

    Returns:
        Their values after it, and what it returned.
    """
    variables = model.optimizer.variables
    pairs = list(zip(variables, slots, strict=True))
    with keras.StatelessScope(pairs) as scope:
        returned = function()
    return [scope.get_current_value(v) for v in variables], returned


def _stateful(model, step, judge, carried):
    is_torch = keras.backend.backend() == "torch"

    def undone(data):
        judge.begin()
        draws = TorchDraws() if is_torch else None
        own = {id(variable) for variable in judge.variables}
        variables = [v for v in _state(model, carried) if id(v) not in own]
        before = values_of(variables)
        buffers = TorchBuffers(model)
        logs = step(data)
        statistics = [v.value for v in model.non_trainable_variables]
        good = judge.is_good(logs, statistics, data)

        def put_back():
            for variable, value in zip(variables, before, strict=True):
                variable.assign(value)
            buffers.restore()
            if is_torch:
                draws.restore()

        keras.ops.cond(good, lambda: None, put_back)
        if is_torch and good:
            return logs
        return _logs_now(model, logs)

    return undone


def _state(model, carried):
    """Returns all variables that a step may change, each once."""
    held = [
        *model.variables,
        *model.metrics_variables,
        *untracked_variables(model),
        *carried,
    ]
    for optimizer in optimizers_of(model):
        held += optimizer.variables
    return list({id(variable): variable for variable in held}.values())


def _logs_now(model, logs):
    """Returns the logs by the metrics as they are; a user's own stay."""
    now = model.get_metrics_result()
    return now if set(now) == set(logs) else logs

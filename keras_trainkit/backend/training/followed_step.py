"""A train step with something done after it, to the state that it leaves."""

import keras


def followed_by(model, step, act):
    """Returns a train step after which `act` is called, in the same trace.

    Args:
        model: A compiled `keras.Model`; all that it trains with is built.
        step: Its train step.
        act: Callable without arguments that reads and assigns variables of
            the model, of its optimizer and of ours that the step carries.
    """
    if keras.backend.backend() == "jax":
        return _stateless(model, step, act)

    def followed(data):
        logs = step(data)
        act()
        return logs

    return followed


def _stateless(model, step, act):
    def followed(state, data):
        logs, after = step(state, data)
        held = (
            model.trainable_variables,
            model.non_trainable_variables,
            model.optimizer.variables,
            model.metrics_variables,
        )
        pairs = [
            pair
            for variables, values in zip(held, after, strict=True)
            for pair in zip(variables, values, strict=True)
        ]
        with keras.StatelessScope(pairs) as scope:
            act()
        now = [
            [scope.get_current_value(variable) for variable in variables]
            for variables in held
        ]
        return logs, tuple(now)

    return followed

"""One optimizer that updates each variable at a multiple of its rate.

The hooks stand on the optimizer instance for the length of one `apply`. Each
is below the gate that Keras's own code goes through
(keras/src/optimizers/base_optimizer.py): clipping, averages, accumulation and
loss scaling stay as they are.

Under `tf.distribute` the replicas' threads take turns inside of a hook, so
nothing here depends on what a hook has found in its place.
"""

import contextlib
import functools

import keras

from keras_trainkit.backend.optimizer.decay_exclusion import decays
from keras_trainkit.kernels.argument_checks import bad_value

_DECAY = "_apply_weight_decay"
_GATE = "_backend_update_step"
# keras/src/backend/torch/optimizers/torch_parallel_optimizer.py
_TOGETHER = "_parallel_update_step"
_ALONE = "update_step"
# keras/src/optimizers/base_optimizer.py
_RATE, _COUNTER = "_learning_rate", "_iterations"


def variable_key(optimizer, variable):
    """Returns what an optimizer knows a variable by, on every device."""
    return optimizer._var_key(variable)


class OwnRates:
    """Which variable is updated at which multiple of the learning rate.

    Args:
        multipliers: `{variable_key: float above 0}`.
        dtype: In which a rate is multiplied.
    """

    def __init__(self, multipliers, dtype):
        self._multipliers = multipliers
        self._dtype = dtype
        self._updated = None

    @contextlib.contextmanager
    def act(self, optimizer):
        """Updates every variable at its own rate within the block.

        Args:
            optimizer: The optimizer that updates the weights, built.

        Raises:
            ValueError: When it does not update them by `update_step`.
        """
        hooks = {_DECAY: self._decay, _GATE: self._gate}
        if hasattr(optimizer, _TOGETHER):
            hooks[_TOGETHER] = self._update_together
        else:
            hooks[_ALONE] = self._update_alone
        attributes = vars(optimizer)
        own = {name: attributes[name] for name in hooks if name in attributes}
        own = {k: v for k, v in own.items() if not isinstance(v, _Hook)}
        self._updated = None
        for name, hook in hooks.items():
            plain = getattr(optimizer, name)
            plain = getattr(plain, "plain", plain)
            attributes[name] = _Hook(functools.partial(hook, optimizer), plain)
        try:
            yield
        finally:
            for name in hooks:
                attributes.pop(name, None)
            attributes.update(own)
        if self._updated is None and not optimizer.gradient_accumulation_steps:
            raise _updates_otherwise(optimizer)

    def _decay(self, optimizer, plain, variables):
        attributes = vars(optimizer)
        before = attributes[_RATE]
        # Another replica's thread may be in the middle of the same groups.
        attributes[_RATE] = before = getattr(before, "before", before)
        rate = optimizer.learning_rate
        try:
            for multiplier, group in self._groups(optimizer, variables):
                attributes[_RATE] = _Rate(before, self._own(rate, multiplier))
                # Keras's torch optimizers fail where nothing decays.
                decaying = [one for one in group if decays(optimizer, one)]
                if decaying:
                    plain(decaying)
        finally:
            attributes[_RATE] = before

    def _gate(self, optimizer, plain, grads, variables, learning_rate):
        self._updated = set()
        plain(grads, variables, learning_rate)
        keys = {variable_key(optimizer, one) for one in variables}
        if keys - self._updated:
            raise _updates_otherwise(optimizer)

    def _update_alone(self, optimizer, plain, gradient, variable, rate):
        key = variable_key(optimizer, variable)
        self._updated.add(key)
        rate = self._own(rate, self._multipliers[key])
        return plain(gradient, variable, rate)

    def _update_together(self, optimizer, plain, grads, variables, rate):
        """Updates group by group, each as one call."""
        gradients = dict(zip(map(id, variables), grads, strict=True))
        counts = _own_numbers(optimizer)
        start = [keras.ops.copy(one.value) for one in counts]
        groups = self._groups(optimizer, variables)
        for i, (multiplier, group) in enumerate(groups):
            if i:
                # What an optimizer counts itself it counts once a step.
                for one, value in zip(counts, start, strict=True):
                    one.assign(value)
            grads = [gradients[id(variable)] for variable in group]
            plain(grads, group, self._own(rate, multiplier))
        self._updated = {variable_key(optimizer, one) for one in variables}

    def _groups(self, optimizer, variables):
        groups = {}
        for variable in variables:
            multiplier = self._multipliers[variable_key(optimizer, variable)]
            groups.setdefault(multiplier, []).append(variable)
        return groups.items()

    def _own(self, rate, multiplier):
        if multiplier == 1:
            return rate
        return keras.ops.cast(rate, self._dtype) * multiplier


def _own_numbers(optimizer):
    """Returns the variables that belong to no weight: Nadam has one."""
    return [
        value
        for name, value in vars(optimizer).items()
        if isinstance(value, keras.Variable) and name not in (_COUNTER, _RATE)
    ]


def _updates_otherwise(optimizer):
    return bad_value(
        "inner_optimizer",
        optimizer,
        "an optimizer that updates its variables by `update_step`, so that "
        "each can have its own learning rate",
    )


class _Hook:
    """Stands in for a method, and knows it."""

    def __init__(self, act, plain):
        self._act = act
        self.plain = plain

    def __call__(self, *args):
        return self._act(self.plain, *args)


class _Rate:
    """Stands in for a learning rate: Keras calls those that are callable."""

    def __init__(self, before, rate):
        self.before = before
        self._rate = rate

    def __call__(self):
        return self._rate

"""Test and predict functions that outlive a change of what trains.

What trains does not matter to inference. TensorFlow's compiled functions and
torch's can simply stay. JAX's get the variables in two lists, those that train
and the others, and the trace knows them by their places
(keras/src/backend/jax/trainer.py): another trainable set of equal shapes would
be taken for the first one, any other would be traced anew.
"""

import contextlib

import keras

from keras_trainkit.backend.training.train_function import rebuild

_KINDS = ("test", "predict")


def keep_inference_functions(model):
    """Lets the test and predict functions fit what trains now.

    To be called after trainable flags have changed. On JAX those of a
    compiled model are made ready even if they were not needed yet: the first
    one is to serve all trainable sets.

    Args:
        model: A built `keras.Model`, compiled or not.
    """
    kinds = _KINDS
    if any(getattr(v, "regularizer", None) for v in model.weights):
        # What does not train is not regularised, and the loss of an
        # evaluation counts that: keras/src/layers/layer.py
        kinds = ("predict",)
        if getattr(model, "test_function", None) is not None:
            rebuild(model, "test")
    if keras.backend.backend() != "jax":
        return
    for kind in kinds:
        name = f"{kind}_function"
        made = getattr(model, name, None)
        if isinstance(made, _InOneOrder):
            continue
        if made is not None or model.compiled:
            setattr(model, name, _InOneOrder(model, kind))


class _InOneOrder:
    """Calls a compiled function with the variables in the order of one split.

    Args:
        model: A built `keras.Model`.
        kind: `"test"` or `"predict"`.
    """

    def __init__(self, model, kind):
        self._model = model
        self._kind = kind
        self._begin()

    def __call__(self, state, iterator):
        now = self._split_now(state)
        state = _rearranged(state, now, self._first)
        # A predict function looks for the model's step when it is traced.
        with self._step_in_order():
            outputs, state = self._function(state, iterator)
        return outputs, _rearranged(state, self._first, now)

    def _begin(self):
        model, kind = self._model, self._kind
        self._first = self._now = _split(model)
        self._flags = self._read_flags()
        self._step = self._in_order(getattr(model, f"{kind}_step"))
        with self._step_in_order():
            rebuild(model, kind)
        self._function = getattr(model, f"{kind}_function")

    @contextlib.contextmanager
    def _step_in_order(self):
        attributes, name = self._model.__dict__, f"{self._kind}_step"
        own = attributes.get(name)
        # Past `__setattr__`, which would track the function.
        attributes[name] = self._step
        try:
            yield
        finally:
            if own is None:
                del attributes[name]
            else:
                attributes[name] = own

    def _in_order(self, step):
        """Returns a step that takes the first split, to be traced."""
        model, kind, first = self._model, self._kind, self._first

        def in_order(state, data):
            now = _split(model)
            state = _rearranged(state, first, now)
            outputs, new = step(state, data)
            if kind == "predict":
                # It returns the second list alone.
                return outputs, _rearranged((state[0], new), now, first)[1]
            return outputs, _rearranged(new, now, first)

        return in_order

    def _split_now(self, state):
        if sum(map(len, state[:2])) != sum(map(len, self._first)):
            # The model has other variables, as after `enable_lora`.
            self._begin()
            setattr(self._model, f"{self._kind}_function", self)
        flags = self._read_flags()
        if flags != self._flags:
            self._flags = flags
            now = _split(self._model)
            self._now = self._first if _equal(now, self._first) else now
        return self._now

    def _read_flags(self):
        # To ask the model for its lists takes far longer.
        flags = tuple(v.trainable for group in self._first for v in group)
        return self._model.trainable, flags


def _split(model):
    return model.trainable_variables, model.non_trainable_variables


def _equal(split, other):
    return [[id(v) for v in g] for g in split] == [
        [id(v) for v in g] for g in other
    ]


def _rearranged(state, held, wanted):
    """Returns a state in the order of another split.

    Args:
        state: The values of two lists of variables, and perhaps more.
        held: The two lists.
        wanted: Two lists of the same variables.
    """
    if held is wanted:
        return state
    variables = [id(v) for group in held for v in group]
    values = [value for group in state[:2] for value in group]
    by_variable = dict(zip(variables, values, strict=True))
    groups = ([by_variable[id(v)] for v in group] for group in wanted)
    return (*groups, *state[2:])

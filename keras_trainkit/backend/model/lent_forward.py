"""A model that, for a while, takes more than its own inputs."""

import contextlib


@contextlib.contextmanager
def answering(model, name, function):
    """Lets `model` answer inputs of a second kind by another function.

    Inside, a call on a dictionary with the key `name` returns
    `function(inputs[name], training)`; any other call is the model's own, in
    every thread. `fit`, `evaluate` and `predict` compile for the structure of
    their data, so one model serves both kinds at the same time. A compiled
    function outlives the block: give every function a `name` of its own.

    Args:
        model: A built `keras.Model`.
        name: String.
        function: Callable `(tensors, training) -> outputs`.
    """
    own_call = model.call
    own_check = model._assert_input_compatibility

    def is_lent(inputs):
        return isinstance(inputs, dict) and name in inputs

    def call(inputs, *args, training=None, **kwargs):
        if is_lent(inputs):
            return function(inputs[name], bool(training))
        if training is not None:
            kwargs["training"] = training
        return own_call(inputs, *args, **kwargs)

    def check(inputs, *args):
        if not is_lent(inputs):
            own_check(inputs, *args)

    # keras/src/layers/layer.py: `__call__` looks at the inputs by the second,
    # and by the others casts them to the model's dtype.
    lent = {
        "call": call,
        "_assert_input_compatibility": check,
        "_convert_input_args": False,
        "_allow_non_tensor_positional_args": True,
    }
    # Past `__setattr__`, which would track functions.
    attributes = vars(model)
    kept = {key: attributes[key] for key in lent if key in attributes}
    attributes.update(lent)
    try:
        yield
    finally:
        for key in lent:
            attributes.pop(key, None)
        attributes.update(kept)


def is_quantized(model):
    """Whether Keras runs `quantized_call` in place of `call`.

    keras/src/layers/layer.py
    """
    return model.dtype_policy.quantization_mode is not None

import keras
import pytest

from keras_trainkit.backend.training.step_numbers import StepNumbers
from keras_trainkit.backend.training.train_function import rebuild
from tests.helpers.arrays import to_numpy
from tests.helpers.models import linear_model
from tests.helpers.models import regression_data
from tests.helpers.traces import QUICK
from tests.helpers.traces import needs_traces

X, Y = regression_data(32)


class Reader(keras.Model):
    """Logs what its compiled step reads; each trace is counted."""

    def __init__(self, numbers=None, **kwargs):
        super().__init__(**kwargs)
        vars(self)["numbers"] = numbers
        vars(self)["traced"] = 0

    def train_step(self, *args):
        vars(self)["traced"] += 1
        integers, floats = self.numbers.read()
        read = {
            "integer": keras.ops.cast(integers[1], "float32"),
            "float": floats[0],
        }
        if keras.backend.backend() == "jax":
            logs, state = super().train_step(*args)
            return {**logs, **read}, state
        return {**super().train_step(*args), **read}


def reading(**options):
    layers = linear_model()
    model = Reader(None, inputs=layers.inputs, outputs=layers.outputs)
    model.compile("sgd", "mse", **(options or QUICK))
    model.build((None, 8))
    vars(model)["numbers"] = StepNumbers(model, 2)
    rebuild(model, numbers=model.numbers)
    function = model.train_function

    def with_numbers(*args):
        return function(*model.numbers.put_beside(args))

    model.train_function = with_numbers
    return model


OPTIONS = {
    "xla": {"jit_compile": True},
    "several steps": {**QUICK, "steps_per_execution": 2},
}


@needs_traces
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_a_step_reads_what_was_written_last(options):
    model, seen = reading(**options), []
    for integers, floats in (((1, -2), (0.5, 1.0)), ((3, 2**30), (0.25, 1.0))):
        model.numbers.write(integers, floats)
        logs = model.fit(X, Y, batch_size=16, verbose=0).history
        seen.append((logs["integer"][0], logs["float"][0]))
        traced = model.traced
    assert seen == [(-2, 0.5), (2**30, 0.25)]
    model.numbers.write((0, 0), (0.0, 0.0))
    model.fit(X, Y, batch_size=16, verbose=0)
    assert model.traced == traced


@needs_traces
def test_the_data_is_what_it_was():
    model, twin = reading(), linear_model()
    twin.compile("sgd", "mse", **QUICK)
    twin.set_weights(model.get_weights())
    for one in (model, twin):
        one.fit(X, Y, batch_size=16, shuffle=False, verbose=0)
    for ours, theirs in zip(
        model.get_weights(), twin.get_weights(), strict=True
    ):
        assert to_numpy(ours) == pytest.approx(to_numpy(theirs))


@needs_traces
def test_a_batch_at_a_time_has_them_too():
    model = reading()
    model.numbers.write((0, 7), (0.5, 0.0))
    logs = model.train_on_batch(X, Y, return_dict=True)
    assert (logs["integer"], logs["float"]) == (7, 0.5)


JAX = keras.backend.backend() == "jax"


@pytest.mark.parametrize("enabled", [True, False])
def test_a_step_that_ignores_its_model_is_refused(enabled, monkeypatch):
    model = linear_model()
    model.compile("sgd", "mse")
    monkeypatch.setattr(keras.config, "is_nnx_enabled", lambda: enabled)
    if JAX and enabled:
        with pytest.raises(ValueError, match="without NNX"):
            StepNumbers(model, 1)
    else:
        StepNumbers(model, 1)

"""What a model's code tells of whether its features may be cached."""

import keras
import pytest

from keras_trainkit.transfer.frozen_trunk.cacheability import CannotCache
from keras_trainkit.transfer.frozen_trunk.cacheability import require_cacheable
from tests.helpers.frozen_backbone import reused


class OwnLoss(keras.Model):
    def compute_loss(self, *args, **kwargs):
        return super().compute_loss(*args, **kwargs)


def with_own_loss():
    model = reused()
    return OwnLoss(model.inputs, model.outputs)


def with_a_step_on_the_instance():
    model = reused()
    model.test_step = lambda *args: {}
    return model


def quantized():
    model = reused()
    model.dtype_policy = keras.dtype_policies.get("int8_from_float32")
    return model


def subclassed():
    class Model(keras.Model):
        def call(self, x):
            return x

    return Model()


CASES = {
    "a loss of its own": (with_own_loss, "`compute_loss` of its own"),
    "a step put there": (with_a_step_on_the_instance, "`test_step` of its"),
    "quantised": (quantized, "quantised"),
    "subclassed": (subclassed, "no graph of layers"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_reason_is_said(case):
    make, reason = CASES[case]
    with pytest.raises(CannotCache, match=reason) as raised:
        require_cacheable(make())
    assert raised.value.reason in str(raised.value)


def test_a_model_over_several_devices_is_refused(monkeypatch):
    monkeypatch.setattr(keras.distribution, "distribution", lambda: "spread")
    with pytest.raises(CannotCache, match="over devices"):
        require_cacheable(reused())


def test_a_plain_model_is_accepted():
    assert require_cacheable(reused()) is None

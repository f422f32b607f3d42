import keras
import numpy as np
import pytest

import keras_trainkit as ktk
from keras_trainkit.constraints import Chain
from keras_trainkit.constraints import IncomingMaxNorm
from keras_trainkit.constraints import WeightClip
from keras_trainkit.constraints import ZeroMean
from tests.helpers.arrays import to_numpy

NESTED = Chain(
    ZeroMean(0), Chain("non_neg", WeightClip(-2, 2)), IncomingMaxNorm(1.5)
)


def test_the_order_counts_and_the_last_one_holds():
    w = keras.ops.array([[3.0, 0.0], [4.0, 0.5]])
    ball_last = Chain(WeightClip(-1, 1), IncomingMaxNorm(0.5))
    clip_last = Chain(IncomingMaxNorm(0.5), WeightClip(-0.25, 0.25))
    np.testing.assert_allclose(
        to_numpy(ball_last(w)),
        [[0.5**1.5, 0.0], [0.5**1.5, 0.5]],
        rtol=1e-6,
    )
    np.testing.assert_allclose(
        to_numpy(clip_last(w)), [[0.25, 0.0], [0.25, 0.25]], rtol=1e-6
    )


def test_a_nested_chain_equals_its_parts_by_hand():
    w = np.random.default_rng(0).normal(0, 3, (5, 4)).astype("float32")
    by_hand = np.clip(np.maximum(w - w.mean(0), 0), -2, 2)
    norm = np.linalg.norm(by_hand, axis=0)
    by_hand = by_hand * np.minimum(1, 1.5 / norm)
    np.testing.assert_allclose(
        to_numpy(NESTED(keras.ops.array(w))), by_hand, rtol=1e-5, atol=1e-6
    )


def test_a_model_with_a_nested_chain_is_saved_and_loaded(tmp_path):
    layer = keras.layers.Dense(4, kernel_constraint=NESTED)
    model = keras.Sequential([keras.Input((5,)), layer])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    constraint = loaded.layers[0].kernel_constraint
    assert constraint.get_config() == NESTED.get_config()
    w = keras.random.normal((5, 4), 0, 3, seed=0)
    np.testing.assert_array_equal(to_numpy(constraint(w)), to_numpy(NESTED(w)))


def test_the_constraints_are_kept_in_order():
    kinds = [type(c).__name__ for c in NESTED.constraints]
    assert kinds == ["ZeroMean", "Chain", "IncomingMaxNorm"]


@pytest.mark.parametrize(
    "constraints, error, why",
    [
        ((), ValueError, "at least one"),
        ((None,), TypeError, "instances or names"),
        ((WeightClip(0, 1), 3), TypeError, "instances or names"),
        (([WeightClip(0, 1)],), TypeError, "instances or names"),
        (("no_such_name",), ValueError, "no_such_name"),
    ],
    ids=["none", "None", "a number", "a list", "an unknown name"],
)
def test_what_is_no_constraint_is_refused(constraints, error, why):
    with pytest.raises(error, match=why):
        ktk.constraints.Chain(*constraints)

import keras
import numpy as np
import pytest
from scipy import special

from keras_trainkit.sampling.chunk_statistics import joined
from keras_trainkit.sampling.chunk_statistics import summarised
from tests.helpers.arrays import to_numpy

LOGITS = np.random.default_rng(0).normal(size=(8, 5, 3)).astype("float32")


@pytest.mark.parametrize("on_host", [True, False])
@pytest.mark.parametrize(
    "settled, transform",
    [
        (("regression", False), lambda x: x),
        (("classification", True), lambda x: special.softmax(x, axis=-1)),
        (("binary", True), special.expit),
    ],
)
def test_chunks_add_up(settled, transform, on_host):
    parts = [LOGITS[:4], LOGITS[4:]]
    found = [
        summarised(
            [keras.ops.convert_to_tensor(part)],
            [settled],
            np.ones(4, "float32"),
            on_host,
        )
        for part in parts
    ]
    samples = np.concatenate([to_numpy(kept) for _, (kept,) in found])
    exact = transform(LOGITS.astype("float64"))
    np.testing.assert_allclose(samples, exact, rtol=1e-4)
    (one,), (other,) = (statistics for statistics, _ in found)
    assert isinstance(one["mean"], np.ndarray) is on_host
    both = to_numpy(joined(one, other))
    assert both["count"] == 8
    np.testing.assert_allclose(both["mean"], exact.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(
        both["squares"] / 8, exact.var(axis=0), atol=1e-5
    )


def test_what_is_large_stays_where_it_is():
    large = keras.ops.zeros((2, 2**15, 2))
    (found,), (kept,) = summarised(
        [large], [("regression", False)], np.ones(2, "float32"), True
    )
    assert not isinstance(kept, np.ndarray)
    assert not isinstance(found["mean"], np.ndarray)

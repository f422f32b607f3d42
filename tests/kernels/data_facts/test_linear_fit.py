import numpy as np
import pytest

from keras_trainkit.kernels.data_facts.linear_fit import linear_share

X = np.random.default_rng(0).normal(size=(300, 3))
XOR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])


@pytest.mark.parametrize(
    "least, most, x, y, classes",
    [
        (1, 1, X, X @ [1, 2, 3] + 4, False),
        (0, 0.1, X[:, :1], X[:, 0] ** 2, False),
        (0.95, 1, X, X[:, 0] > 0, True),
        (0.9, 1, X, np.digitize(X[:, 0], [0.0]), True),
        (-1, 0.1, X, X[:, 0] * X[:, 1] > 0, True),
        (-1, 0, XOR, [0, 1, 1, 0], True),
        (1, 1, XOR, [0, 1, 1, 1], True),
        (-1, 0, np.ones((4, 2)), [0, 1, 0, 1], True),
    ],
)
def test_what_a_linear_function_tells(least, most, x, y, classes):
    share = linear_share(x, np.asarray(y), classes)
    assert least - 1e-9 <= share <= most + 1e-9

import numpy as np
import pytest

from keras_trainkit.kernels.held_out.target_coding import TargetCoding

CODED = {
    "from one": ((1, 2, 3), "sparse", [1, 3, 2], [0, 2, 1]),
    "signed": ((-1, 1), "sparse", [[-1], [1]], [[0], [1]]),
    "to one-hot": ((0, 1), "one_hot", [1, 0], [[0, 1], [1, 0]]),
    "from one-hot": ((0, 1), "sparse", [[0, 1], [1, 0]], [1, 0]),
    "text": (("a", "b"), "sparse", ["b", "a"], [1, 0]),
    "to a column": ((), "column", [1.5, 2.5], [[1.5], [2.5]]),
    "from a column": ((), "flat", [[1.5], [2.5]], [1.5, 2.5]),
}


@pytest.mark.parametrize(
    ("labels", "coding", "y", "expected"), CODED.values(), ids=CODED
)
def test_targets_are_written_anew(labels, coding, y, expected):
    coded = TargetCoding(labels).coded(coding)
    assert coded.encode(np.array(y)).tolist() == expected


def test_without_a_coding_targets_stay_as_they_are():
    y = np.array([3, 1])
    assert TargetCoding((1, 3)).encode(y) is y
    assert TargetCoding((1, 3)).coded_labels == (1, 3)
    assert TargetCoding((1, 3), "sparse").coded_labels == (0, 1)
    assert TargetCoding(("a", "b")).coded_labels == (0, 1)


def test_a_scale_is_taken_back():
    y = np.array([[10.0, 200.0], [30.0, 600.0]])
    coding = TargetCoding(scale=(y.mean(0), y.std(0)))
    np.testing.assert_allclose(coding.encode(y), [[-1, -1], [1, 1]])
    np.testing.assert_allclose(coding.decode(coding.encode(y)), y)


@pytest.mark.parametrize("coding", ["sparse", "one_hot", "binary"])
def test_what_cannot_be_coded_is_refused(coding):
    with pytest.raises(ValueError, match="must be"):
        TargetCoding().coded(coding)

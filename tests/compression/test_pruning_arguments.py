"""What pruning is asked for is checked once."""

import pytest

from keras_trainkit.compression.pruning_arguments import require_sparsity
from keras_trainkit.compression.pruning_arguments import schedule_of
from keras_trainkit.kernels.sparsity.course import cubic

pytestmark = pytest.mark.one_backend


def test_good_ones_pass():
    require_sparsity("sparsity", 0.5, "2:4")
    assert schedule_of("cubic") is cubic
    assert schedule_of(abs) is abs


@pytest.mark.parametrize(
    ("sparsity", "structure", "error", "match"),
    [
        (0.0, None, ValueError, "above 0"),
        (float("nan"), None, ValueError, "above 0"),
        (0.6, "2:4", ValueError, "Pass sparsity=0.5"),
        (0.5, 4, TypeError, "structure"),
    ],
)
def test_bad_ones_are_refused(sparsity, structure, error, match):
    with pytest.raises(error, match=match):
        require_sparsity("sparsity", sparsity, structure)

"""Which epochs an average is of, by lists written out."""

import pytest

from keras_trainkit.kernels.averaged_epochs import averaged_epochs


@pytest.mark.parametrize(
    "start, every, epochs, taken",
    [
        (0, 1, 3, [0, 1, 2]),
        (2, 1, 5, [2, 3, 4]),
        (1, 2, 6, [2, 4]),
        (1, 3, 4, [3]),
        (0, 4, 4, [3]),
        (0.75, 1, 8, [6, 7]),
        (0.0, 2, 4, [1, 3]),
        (0.7, 1, 5, [3, 4]),
    ],
)
def test_the_epochs_of_an_average(start, every, epochs, taken):
    averaged = averaged_epochs(start, every, epochs)
    found = [epoch for epoch in range(epochs) if averaged.has(epoch)]
    assert found == taken
    assert averaged.first == taken[0]
    counts = [averaged.before(epoch) for epoch in range(epochs + 1)]
    assert counts == [sum(t < e for t in taken) for e in range(epochs + 1)]


def test_where_nobody_knows_the_epochs_there_is_no_end():
    averaged = averaged_epochs(2, 3, None)
    assert [e for e in range(12) if averaged.has(e)] == [4, 7, 10]


def test_a_share_of_an_unknown_number_is_refused():
    with pytest.raises(ValueError, match=r"`start` must be an integer where"):
        averaged_epochs(0.5, 1, None)


@pytest.mark.parametrize(
    "start, every, epochs, first",
    [(5, 1, 5, 5), (3, 3, 5, 5), (0.75, 2, 4, 4), (9, 1, 4, 9)],
)
def test_an_average_that_is_never_taken_is_refused(start, every, epochs, first):
    told = f"within {epochs} epochs.*at the end of epoch {first}, counted"
    with pytest.raises(ValueError, match=told):
        averaged_epochs(start, every, epochs)

"""Every configuration is there once, and a trial can suggest it."""

import pytest

from keras_trainkit.transfer.depth_search.space import SCRATCH
from keras_trainkit.transfer.depth_search.space import Configuration
from keras_trainkit.transfer.depth_search.space import Space

pytestmark = pytest.mark.one_backend
BOTH = ("replace", "drop")
SPACES = {
    "all": Space(3, BOTH, {1, 2}, (1.0, 0.1)),
    "one factor": Space(3, BOTH, {1, 2}, (1.0,)),
    "only replaced": Space(2, ("replace",), set(), (1.0, 0.5, 0.1)),
    "only dropped": Space(3, ("drop",), {2}, (0.1,)),
    "one group": Space(1, BOTH, set(), (1.0, 0.1)),
}


class Fixed:
    """A trial that suggests what it was told."""

    def __init__(self, parameters):
        self.parameters = parameters
        self.asked = set()

    def suggest_categorical(self, name, choices):
        assert self.parameters[name] in choices
        self.asked.add(name)
        return self.parameters[name]

    def suggest_int(self, name, low, high):
        return self.suggest_categorical(name, range(low, high + 1))


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_a_trial_with_its_parameters_suggests_the_configuration(space):
    every = space.all()
    trials = [Fixed(space.parameters(one)) for one in every]
    assert [space.suggested(trial) for trial in trials] == every
    assert all(trial.asked == set(trial.parameters) for trial in trials)
    assert len(set(every)) == len(every)


def test_the_usual_ones_come_first_and_scratch_is_always_there():
    frozen, trained = Configuration(3, 3, None, None), Configuration
    assert SPACES["all"].all()[:4] == [
        SCRATCH,
        frozen,
        trained(3, 0, None, 1.0),
        trained(3, 0, None, 0.1),
    ]
    assert SPACES["only dropped"].all()[0] == SCRATCH


def test_what_is_counted_by_hand():
    # 1 from scratch; 1 reused: 3 with two factors, replaced or dropped; ...
    assert len(SPACES["all"].all()) == 1 + 3 * 2 + 5 * 2 + 7
    assert len(SPACES["only replaced"].all()) == 1 + 4 + 7
    assert len(SPACES["one group"].all()) == 1 + 3


def test_only_what_can_be_dropped_is():
    found = SPACES["only dropped"].all()
    assert {one.reuse for one in found} == {0, 2, 3}
    assert {one.above for one in found if one.reuse == 2} == {"drop"}


WORDS = {
    "from scratch": SCRATCH,
    "2 frozen, 1 trained at x0.1": Configuration(3, 2, None, 0.1),
    "1 trained, rest dropped": Configuration(1, 0, "drop", 1.0),
    "1 frozen, rest replaced": Configuration(1, 1, "replace", None),
}


@pytest.mark.parametrize("words", WORDS)
def test_it_is_said_in_words(words):
    assert str(WORDS[words]) == words

import fnmatch

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_trainkit.optimizers.multiplier_rules import rule_of


class Named:
    """Stands for a variable: rules read nothing else."""

    def __init__(self, path):
        self.path = path


PATHS = ["stem/kernel", "stem/bias", "mid/kernel", "head/kernel"]
VARIABLES = [Named(path) for path in PATHS]
PATTERNS = st.sampled_from(["*", "stem/*", "*/kernel", "mid/*", "h*", "*bias"])


@given(st.dictionaries(PATTERNS, st.floats(0, 2), min_size=1))
def test_of_the_patterns_that_match_the_last_one_counts(patterns):
    expected = [1.0] * len(PATHS)
    deciding = [None] * len(PATHS)
    for pattern, value in patterns.items():
        for i, path in enumerate(PATHS):
            if fnmatch.fnmatchcase(path, pattern):
                expected[i], deciding[i] = value, pattern
    rule = rule_of(patterns)
    if set(patterns) - set(deciding):
        with pytest.raises(ValueError, match="decide for none"):
            rule.learn(VARIABLES)
    else:
        rule.learn(VARIABLES)
        assert [rule.multiplier_of(v) for v in VARIABLES] == expected


def test_a_dictionary_that_is_changed_later_changes_nothing():
    given = {"*": 0.5}
    rule = rule_of(given)
    given["*"] = 7.0
    assert rule.multiplier_of(VARIABLES[0]) == 0.5


def test_a_callable_may_return_numpys_numbers():
    rule = rule_of(lambda variable: np.float32(0.5))
    rule.learn(VARIABLES)
    assert rule.multiplier_of(VARIABLES[0]) == 0.5


def test_a_callable_that_returns_no_number_names_the_variable():
    with pytest.raises(TypeError, match="stem/kernel"):
        rule_of(lambda variable: "much").learn(VARIABLES)


def test_a_class_is_no_callable_for_variables():
    with pytest.raises(TypeError, match="multipliers"):
        rule_of(dict)


def test_what_was_found_is_found_again_in_a_loaded_model():
    def weights():
        return [
            keras.Variable(np.zeros(2), name="kernel"),
            keras.Variable(np.zeros(3), name="kernel"),
        ]

    before, after = weights(), weights()
    rule = rule_of(lambda v: float(v.shape[0]))
    rule.learn(before)
    again = rule_of(lambda v: 0.0)
    again.expect(rule.found())
    again.learn(after)
    assert [again.multiplier_of(v) for v in after] == [2.0, 3.0]

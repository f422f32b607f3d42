import threading

import pytest

from keras_trainkit.backend.model.lent_methods import lent_methods
from keras_trainkit.backend.model.lent_methods import own_method


class Doubler:
    def call(self, x):
        """Doubles."""
        return 2 * x


def ten_more(method, x):
    return method(x) + 10


def hundred_more(method, x):
    return method(x) + 100


def in_a_thread(function):
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def test_only_this_thread_sees_it():
    owner, other = Doubler(), Doubler()
    with lent_methods([(owner, "call", ten_more)]):
        assert (owner.call(1), other.call(1)) == (12, 2)
        assert in_a_thread(lambda: owner.call(1)) == 2
        assert owner.call.__doc__ == "Doubles."
    assert owner.call(1) == 2 and vars(owner) == {}


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_it_ends_with_an_exception(error):
    owner = Doubler()
    with pytest.raises(error), lent_methods([(owner, "call", ten_more)]):
        raise error
    assert owner.call(1) == 2 and vars(owner) == {}


def test_two_threads_lend_the_same_method():
    owner, inside, done = Doubler(), threading.Event(), threading.Event()
    found = []

    def other():
        with lent_methods([(owner, "call", hundred_more)]):
            inside.set()
            done.wait(60)
            found.append(owner.call(1))
        found.append(owner.call(1))

    thread = threading.Thread(target=other)
    with lent_methods([(owner, "call", ten_more)]):
        thread.start()
        assert inside.wait(60)
        assert owner.call(1) == 12
    assert owner.call(1) == 2
    done.set()
    thread.join()
    assert found == [102, 2] and vars(owner) == {}


def test_one_inside_another_comes_first():
    owner = Doubler()
    with lent_methods([(owner, "call", ten_more)]):
        with lent_methods([(owner, "call", hundred_more)]):
            assert owner.call(1) == 102
        assert owner.call(1) == 12


def users_own(x):
    return x


def test_a_method_of_the_users_own_is_kept():
    owner = Doubler()
    owner.call = users_own
    with lent_methods([(owner, "call", ten_more)]):
        assert owner.call(1) == 11
        assert own_method(owner, "call") is users_own
    assert vars(owner) == {"call": users_own}


def test_what_is_lent_is_not_the_users_own():
    owner = Doubler()
    with lent_methods([(owner, "call", ten_more)]):
        assert own_method(owner, "call") is None


def test_what_is_assigned_meanwhile_stays():
    owner = Doubler()
    with lent_methods([(owner, "call", ten_more)]):
        owner.call = users_own
    assert vars(owner) == {"call": users_own}

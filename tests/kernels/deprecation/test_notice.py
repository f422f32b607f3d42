import inspect
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_trainkit.kernels.deprecation.notice import Deprecation
from keras_trainkit.kernels.deprecation.notice import minor_version
from keras_trainkit.kernels.deprecation.notice import versions_between

pytestmark = pytest.mark.one_backend

PAIRS = st.tuples(st.integers(0, 30), st.integers(0, 30))


def written(version):
    return ".".join(map(str, version))


def test_the_message_names_versions_and_replacement():
    notice = Deprecation("`tuning.old`", "0.3", "0.5", "`tuning.new`")
    assert notice.message == (
        "`tuning.old` is deprecated since 0.3 and will be removed in 0.5. "
        "Use `tuning.new`."
    )


@pytest.mark.parametrize(
    "since, removed_in",
    [("0.2", "0.4"), ("0.2.1", "0.4.0"), ("0.9", "1.1"), ("0.9", "2.0")],
)
def test_two_minor_versions_are_enough(since, removed_in):
    assert Deprecation("`a`", since, removed_in, "`b`").removed_in == removed_in


@pytest.mark.parametrize(
    "since, removed_in",
    [("0.2", "0.3"), ("0.2", "0.2"), ("0.4", "0.2"), ("0.9", "1.0")],
)
def test_less_than_two_minor_versions_are_refused(since, removed_in):
    with pytest.raises(
        ValueError, match=f"at least 2 minor versions after since={since}. Rec"
    ):
        Deprecation("`a`", since, removed_in, "`b`")


@pytest.mark.parametrize(
    "changed, error, match",
    [
        ({"since": 0.2}, TypeError, "`since` must be a version"),
        ({"since": "2"}, ValueError, "`since` must be a version"),
        ({"removed_in": "soon"}, ValueError, "`removed_in` must be a version"),
        ({"replacement": ""}, ValueError, "`replacement` must be a string"),
        ({"replacement": None}, TypeError, "`replacement` must be a string"),
        ({"what": ""}, ValueError, "`what` must be a string"),
    ],
    ids=str,
)
def test_what_is_no_notice_is_refused(changed, error, match):
    sound = {"since": "0.2", "removed_in": "0.4", "replacement": "`b`"}
    with pytest.raises(error, match=match):
        Deprecation(**{"what": "`a`", **sound, **changed})


@given(PAIRS)
def test_a_version_is_read_as_it_is_written(version):
    assert minor_version("v", written(version)) == version
    assert minor_version("v", f"{written(version)}.7.dev20261027") == version


@given(PAIRS, PAIRS)
def test_the_distance_has_the_order_of_the_versions(first, last):
    forth = versions_between(first, last)
    assert forth == -versions_between(last, first)
    assert (forth > 0) is (last > first)


@given(PAIRS, st.integers(0, 3), st.lists(st.integers(1, 5), max_size=3))
def test_no_history_of_versions_is_shorter(start, more, majors):
    """All minor versions, and however many before each new major one."""
    history = [start]
    for count in majors:
        history += [(start[0], history[-1][1] + i) for i in range(1, count)]
        start = (start[0] + 1, 0)
        history.append(start)
    history += [(start[0], history[-1][1] + i) for i in range(1, more + 1)]
    assert versions_between(history[0], history[-1]) <= len(history) - 1


def warned_at(call):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        call()
    (one,) = seen
    return one


def test_it_warns_where_every_user_sees_it():
    def call():
        Deprecation("`a`", "0.2", "0.4", "`b`").warn()

    one = warned_at(call)
    assert one.category is FutureWarning
    assert one.filename == __file__
    assert one.lineno == inspect.getsourcelines(call)[1] + 1


def test_python_shows_it_once_a_line():
    notice = Deprecation("`a`", "0.2", "0.4", "`b`")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("default")
        for _ in range(3):
            notice.warn()
    assert len(seen) == 1


def test_code_that_belongs_to_no_module_is_told_too():
    notice = Deprecation("`a`", "0.2", "0.4", "`b`")
    one = warned_at(lambda: exec("notice.warn()", {"notice": notice}))
    assert one.filename == "<string>"


def test_a_filter_can_make_it_an_error():
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        with pytest.raises(FutureWarning, match="`a` is deprecated"):
            Deprecation("`a`", "0.2", "0.4", "`b`").warn()

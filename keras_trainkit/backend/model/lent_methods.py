"""Methods of an object replaced for a while, in the thread that asks only."""

import contextlib
import functools
import threading

_LOCK = threading.Lock()
_STANDING = {}


class _OfThisThread(threading.local):
    def __init__(self):
        self.methods = {}


_HERE = _OfThisThread()


@contextlib.contextmanager
def lent_methods(stand_ins):
    """Replaces methods of instances inside, as this thread sees them.

    All other threads call what was there before, at any time: what is put on
    the instance asks who calls. Several threads may lend the same method.

    Args:
        stand_ins: List of `(owner, name, function)`. `function` is called with
            the method itself and then with the arguments it was given.
    """
    outer, installed, lent = _HERE.methods, [], {}
    try:
        for owner, name, function in stand_ins:
            method = _install(owner, name)
            installed.append((owner, name))
            lent[id(owner), name] = functools.partial(function, method)
        _HERE.methods = {**outer, **lent}
        yield
    finally:
        _HERE.methods = outer
        for owner, name in installed:
            _remove(owner, name)


def own_method(owner, name):
    """Returns what a user has put on `owner` as its `name`, or `None`.

    What `lent_methods` put there does not count.
    """
    with _LOCK:
        standing = _STANDING.get((id(owner), name))
        return standing.before if standing else vars(owner).get(name)


class _Standing:
    """What stands on an instance while at least one thread has lent it."""

    def __init__(self, owner, name):
        # Through vars(): Layer.__setattr__ would track what it is given.
        self.before = vars(owner).get(name)
        self.method = getattr(owner, name)
        self.dispatch = _dispatching(id(owner), name, self.method)
        self.users = 0


def _dispatching(owner, name, method):
    @functools.wraps(method)
    def dispatch(*args, **kwargs):
        return _HERE.methods.get((owner, name), method)(*args, **kwargs)

    return dispatch


def _install(owner, name):
    with _LOCK:
        standing = _STANDING.get((id(owner), name))
        if standing is None:
            standing = _STANDING[id(owner), name] = _Standing(owner, name)
            vars(owner)[name] = standing.dispatch
        standing.users += 1
        return standing.method


def _remove(owner, name):
    with _LOCK:
        standing = _STANDING[id(owner), name]
        standing.users -= 1
        if standing.users:
            return
        del _STANDING[id(owner), name]
        if vars(owner).get(name) is not standing.dispatch:
            return  # Someone has assigned another meanwhile.
        if standing.before is None:
            del vars(owner)[name]
        else:
            vars(owner)[name] = standing.before

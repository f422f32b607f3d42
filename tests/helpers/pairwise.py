"""Cases in which every two values of two features meet, and few more."""

import itertools


def cases(*features):
    """Returns tuples of one value a feature, to parametrise a test with.

    Where a full product has each combination, these have each pair of values
    of each two features at least once; nearly every fault of a combination is
    one of two things. Of two features alone that is the full product. The
    same features give the same cases, in the same order.

    Args:
        *features: Two or more; of each its values, or a dictionary, whose
            keys count.
    """
    features = [list(values) for values in features]
    sizes = [range(len(values)) for values in features]
    missing = {
        frozenset([(a, i), (b, j)])
        for a, b in itertools.combinations(range(len(sizes)), 2)
        for i, j in itertools.product(sizes[a], sizes[b])
    }
    found = []
    while missing:
        case = _fill(min(map(sorted, missing)), sizes, missing)
        missing -= _pairs(case)
        found.append(tuple(features[place][i] for place, i in case))
    return found


def _fill(pair, sizes, missing):
    """Returns a case around a pair, with as many missing pairs as it can."""
    case = list(pair)
    for feature in set(range(len(sizes))) - {place for place, _ in pair}:
        longer = [[*case, (feature, value)] for value in sizes[feature]]
        case = max(longer, key=lambda one: len(missing & _pairs(one)))
    return sorted(case)


def _pairs(case):
    return set(map(frozenset, itertools.combinations(case, 2)))

"""Rows of arrays: which occur twice, and whether they are in an order."""

import hashlib

import numpy as np


def row_keys(arrays):
    """Returns a key for each row: rows with equal values have equal keys.

    Args:
        arrays: Sequence of arrays with the same number of rows.
    """
    parts = [_bytes_of_rows(one) for one in arrays]
    return [
        hashlib.blake2b(b"".join(row), digest_size=16).digest()
        for row in zip(*parts, strict=True)
    ]


def shared_rows(arrays, others):
    """Returns how many rows of `others` occur among those of `arrays`."""
    known = set(row_keys(arrays))
    return sum(key in known for key in row_keys(others))


def distinct_rows(arrays):
    """Returns how many different rows there are."""
    return len(set(row_keys(arrays)))


def in_order(labels):
    """Whether labels stand in blocks, as rows sorted by class do.

    They do if the label changes between neighbours less than a tenth as often
    as it would in random order.

    Args:
        labels: 1-D array.
    """
    labels = np.asarray(labels)
    _, counts = np.unique(labels, return_counts=True)
    if len(labels) < 20 or len(counts) < 2:
        return False
    shares = counts / len(labels)
    expected = (len(labels) - 1) * (1 - (shares**2).sum())
    changes = int((labels[1:] != labels[:-1]).sum())
    rare = changes <= max(len(counts) - 1, 0.1 * expected)
    return bool(rare and expected > 8)


def _bytes_of_rows(array):
    array = np.asarray(array)
    if array.dtype.kind in "OUS":
        return [repr(row.tolist()).encode() for row in array]
    # Adding 0 makes -0 and 0 the same bytes; keys are of the values.
    flat = array.reshape(len(array), -1).astype("float64") + 0.0
    return [row.tobytes() for row in np.ascontiguousarray(flat)]

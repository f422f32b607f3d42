"""Hypothesis strategies for predicted probabilities and their labels."""

import hypothesis.strategies as st
import numpy as np


@st.composite
def predictions(draw, max_rows=12, max_classes=5):
    """Draws `(labels, probabilities)`: `(N,)` and `(N, classes)`."""
    rows = draw(st.integers(1, max_rows))
    classes = draw(st.integers(2, max_classes))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    # From even to nearly certain rows, on a grid that makes ties likely.
    spread = draw(st.sampled_from([0.1, 1.0, 10.0]))
    weights = np.exp(spread * rng.integers(-2, 3, (rows, classes)))
    labels = rng.integers(0, classes, rows)
    return labels, weights / weights.sum(axis=1, keepdims=True)

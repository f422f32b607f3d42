"""The mean of arrays that come one set after the other."""

import numpy as np


class EqualAverage:
    """Equal-weight mean of several sets of arrays, in float64.

    ```
    mean_n = mean_(n-1) + (x_n - mean_(n-1)) / n
    ```

    Args:
        count: How many sets are in it already. Defaults to 0.
        arrays: Their means. Defaults to none.
    """

    def __init__(self, count=0, arrays=()):
        self.count = count
        self.arrays = [np.array(one, "float64") for one in arrays]

    def add(self, arrays):
        """Adds a set of arrays, of the same shapes each time."""
        self.count += 1
        new = [np.asarray(one, "float64") for one in arrays]
        if self.count == 1:
            self.arrays = [one.copy() for one in new]
            return
        for mean, one in zip(self.arrays, new, strict=True):
            mean += (one - mean) / self.count

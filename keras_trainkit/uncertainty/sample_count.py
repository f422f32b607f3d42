"""How many samples are drawn, and when they are enough."""

import dataclasses

import numpy as np

from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.kernels.argument_checks import require_number
from keras_trainkit.kernels.sample_statistics import standard_error

# Fewer would tell too little of their own spread.
FIRST = 32
TOLERANCE, MOST = 0.01, 1000


@dataclasses.dataclass(frozen=True)
class SampleCount:
    """After how many samples to look, and for what.

    Attributes:
        totals: Tuple of rising integers, the numbers after which it is asked
            whether there are enough.
        tolerance: The largest standard error that is enough, a dictionary of
            them by the names of outputs, or `None`: nobody asks.
    """

    totals: tuple
    tolerance: object = None

    def tolerance_of(self, name):
        """Returns the tolerance of the output `name`, `None` without one."""
        if isinstance(self.tolerance, dict):
            return self.tolerance.get(name)
        return self.tolerance

    def refuse_unknown(self, names):
        """Raises if a tolerance is given for none of the outputs `names`."""
        given = self.tolerance if isinstance(self.tolerance, dict) else {}
        if set(given) - set(names):
            raise bad_value(
                "tolerance",
                given,
                f"one number, or one for names of outputs among {names}",
            )

    def reached(self, statistics, names):
        """Whether all standard errors are within their tolerances.

        Args:
            statistics: List of dictionaries of NumPy arrays, one for each
                output, see `kernels.sample_statistics`.
            names: Their names.
        """
        self.refuse_unknown(names)
        tolerances = map(self.tolerance_of, names)
        return all(
            tolerance is None or (_standard_error(found) <= tolerance).all()
            for found, tolerance in zip(statistics, tolerances, strict=True)
        )


def sample_count(samples, tolerance, max_samples, return_samples):
    """Returns the `SampleCount` that the arguments of `mc_predict` ask for.

    Args:
        samples: As `mc_predict` takes it.
        tolerance: As `mc_predict` takes it.
        max_samples: As `mc_predict` takes it.
        return_samples: As `mc_predict` takes it.

    Raises:
        ValueError: If a number is out of range, or if arguments for
            `samples="auto"` come with a number of samples.
        TypeError: If an argument is of another type.
    """
    if isinstance(samples, str):
        return _automatic(samples, tolerance, max_samples, return_samples)
    require_integer("samples", samples, 2)
    for name, value in (("tolerance", tolerance), ("max_samples", max_samples)):
        if value is not None:
            raise bad_value(
                name,
                value,
                f"`None` where `samples` is a number, {samples}",
                'Pass `samples="auto"` to draw until they are enough.',
            )
    return SampleCount((int(samples),))


def doublings(first, most):
    """Returns `first`, twice that, and so on, and `most` as the last.

    Args:
        first: Integer above 0.
        most: Integer above 0.

    Returns:
        Tuple of rising integers.
    """
    totals = []
    while first < most:
        totals.append(first)
        first *= 2
    return (*totals, most)


def _automatic(samples, tolerance, max_samples, return_samples):
    if samples != "auto":
        raise bad_value(
            "samples", samples, 'an integer of at least 2 or "auto"'
        )
    if return_samples:
        raise bad_value(
            "return_samples",
            return_samples,
            '`False` with `samples="auto"`, which may draw more samples of one '
            "batch than of another",
            "Predict again with `samples` as large as `sample_count` says.",
        )
    tolerance = TOLERANCE if tolerance is None else tolerance
    given = tolerance.values() if isinstance(tolerance, dict) else [tolerance]
    for one in given:
        require_number("tolerance", one, "a number above 0", lambda v: v > 0)
    most = MOST if max_samples is None else max_samples
    require_integer("max_samples", most, 2)
    return SampleCount(doublings(FIRST, int(most)), tolerance)


def _standard_error(found):
    std = np.sqrt(found["squares"] / found["count"])
    return standard_error(std, found["count"])

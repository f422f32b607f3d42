"""How many samples are taken at a time."""


def chunk_size(samples, most):
    """Returns the size of the chunks in which to take `samples`.

    Of the sizes between `most / 2` and `most`, that with the fewest samples
    beyond those asked for in the last chunk; of these, the largest.

    Args:
        samples: Integer of at least 1.
        most: Integer of at least 1, how many fit at a time.

    Returns:
        Integer in [1, min(samples, most)].
    """
    most = min(samples, most)
    least = (most + 1) // 2
    return max(range(least, most + 1), key=lambda n: (-(-samples % n), n))


def samples_that_fit(elements, budget):
    """Returns how many samples of `elements` each fit into `budget` elements.

    Args:
        elements: Integer, the size of the largest tensor of one sample.
        budget: Integer, how many elements of such a tensor may be held.

    Returns:
        Integer of at least 1: a single sample always fits.
    """
    return max(1, budget // max(1, elements))

"""Pictures, compared by what they draw in colour."""

import numpy as np
from matplotlib import colors
from matplotlib.image import imread

_PALETTE = ("tab:blue", "tab:orange", "tab:green", "tab:red")


def colours_in(path):
    """Returns which colours of matplotlib's cycle a picture has lines of."""
    return {name for name, mask in _masks(path).items() if mask.sum() > 30}


def unlike(drawn, expected, slack=3):
    """Returns the share of coloured pixels that only one picture has.

    Letters, ticks and frames are black or grey and look different with other
    versions of matplotlib's fonts, which also move the axes by a pixel or
    two. Curves are in colour: a pixel of a curve counts as missing when the
    other picture has no pixel of that colour within `slack` pixels.

    Args:
        drawn: Path of a PNG file.
        expected: Path of another.
        slack: Integer, in pixels. Defaults to 3.

    Returns:
        A float, 0 for the same picture, 1 for pictures of different sizes.
    """
    ours, theirs = _masks(drawn), _masks(expected)
    if ours["tab:blue"].shape != theirs["tab:blue"].shape:
        return 1.0
    missing = sum(
        (one[name] & ~_widened(other[name], slack)).sum()
        for one, other in ((ours, theirs), (theirs, ours))
        for name in _PALETTE
    )
    return missing / max(
        sum(m.sum() for m in (*ours.values(), *theirs.values())), 1
    )


def _masks(path):
    ink = 1 - imread(path)[..., :3]
    palette = np.array([1 - np.array(colors.to_rgb(c)) for c in _PALETTE])
    palette /= np.linalg.norm(palette, axis=1, keepdims=True)
    nearest = (ink @ palette.T).argmax(axis=-1)
    coloured = ink.max(axis=-1) - ink.min(axis=-1) > 0.25
    return {name: coloured & (nearest == i) for i, name in enumerate(_PALETTE)}


def _widened(mask, slack):
    padded = np.pad(mask, slack)
    windows = np.lib.stride_tricks.sliding_window_view(
        padded, (2 * slack + 1, 2 * slack + 1)
    )
    return windows.any(axis=(-1, -2))

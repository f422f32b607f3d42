"""Small arrays shaped like the data that people train on.

Every function returns new arrays, the same ones on every call.
"""

import numpy as np
from sklearn import datasets

TRAIN = 600


def held_out(x, y, rows):
    """Returns `(x, y), (x_val, y_val)`: the first rows, and the others."""
    return (x[:rows], y[:rows]), (x[rows:], y[rows:])


def shuffled(x, y, seed=0):
    order = np.random.default_rng(seed).permutation(len(x))
    return x[order], y[order]


def standardized(x, rows):
    """Columns of mean 0 and deviation 1, as measured on the first `rows`."""
    mean, std = x[:rows].mean(axis=0), x[:rows].std(axis=0)
    return ((x - mean) / std).astype("float32")


def digits(rows=800):
    """Handwritten digits: `(rows, 64)` in 0 to 1, labels 0 to 9."""
    x, y = shuffled(*datasets.load_digits(return_X_y=True))
    return (x[:rows] / 16).astype("float32"), y[:rows].astype("int32")


def digit_images(rows=800):
    """Digits as `(rows, 28, 28, 1)` images in 0 to 1, like MNIST."""
    x, y = digits(rows)
    large = np.kron(x.reshape(-1, 8, 8), np.ones((3, 3), "float32"))
    return np.pad(large, ((0, 0), (2, 2), (2, 2)))[..., None], y


def photos(rows=400, size=32, classes=4, seed=1):
    """Coloured stripes and their noise: uint8 images of 0 to 255, labels."""
    rng = np.random.default_rng(seed)
    y = rng.integers(classes, size=rows)
    angle = np.pi * y / classes + rng.normal(0, 0.1, rows)
    grid = np.stack(np.meshgrid(np.arange(size), np.arange(size)), -1)
    way = np.stack([np.cos(angle), np.sin(angle)], -1)
    phase = rng.uniform(0, 2 * np.pi, (rows, 1, 1))
    waves = np.sin(np.einsum("hwk,nk->nhw", grid, way) * 0.8 + phase)
    tint = rng.uniform(0.5, 1, (rows, 1, 1, 3))
    x = 127 + 80 * waves[..., None] * tint + rng.normal(0, 20, (rows, 1, 1, 3))
    return np.clip(x, 0, 255).astype("uint8"), y.astype("int32")


def segments(rows=200, size=32, seed=2):
    """Noisy images of one bright disc each, and the disc's mask (0 or 1)."""
    rng = np.random.default_rng(seed)
    rows_, columns = np.mgrid[:size, :size]
    centre = rng.uniform(size * 0.3, size * 0.7, (rows, 2, 1, 1))
    radius = rng.uniform(size * 0.15, size * 0.3, (rows, 1, 1))
    apart = np.hypot(rows_ - centre[:, 0], columns - centre[:, 1])
    mask = (apart < radius).astype("float32")[..., None]
    noise = rng.uniform(0, 0.4, (rows, size, size, 1))
    return (0.6 * mask + noise).astype("float32"), mask


def sentences(rows=600, length=40, words=500, classes=2, seed=3):
    """Word numbers padded with 0, each class fond of words of its own."""
    rng = np.random.default_rng(seed)
    y = rng.integers(classes, size=rows)
    x = 2 + np.minimum(rng.zipf(1.3, (rows, length)), words - 3)
    own = 20 + y[:, None] * 15 + rng.integers(15, size=(rows, length))
    x = np.where(rng.random((rows, length)) < 0.2, own, x)
    ends = rng.integers(length // 2, length + 1, rows)
    x[np.arange(length) >= ends[:, None]] = 0
    return x.astype("int32"), y.astype("int32")


def signals(rows=400, length=64, classes=3, seed=4):
    """Standardised waves `(rows, length, 1)` whose pace tells the class."""
    rng = np.random.default_rng(seed)
    y = rng.integers(classes, size=rows)
    pace = 2 * np.pi * (2 + 3 * y + rng.normal(0, 0.3, rows)) / length
    phase = rng.uniform(0, 2 * np.pi, rows)
    x = np.sin(pace[:, None] * np.arange(length) + phase[:, None])
    x = x + rng.normal(0, 0.3, x.shape)
    return (x / x.std()).astype("float32")[..., None], y.astype("int32")


def temperatures(days=700, seed=5):
    """A daily series in degrees: a season, a slow drift and weather."""
    rng = np.random.default_rng(seed)
    day = np.arange(days)
    weather = np.convolve(rng.normal(0, 1.5, days + 9), np.ones(10) / 3)
    season = 10 * np.sin(2 * np.pi * day / 90)
    return (12 + season + 0.004 * day + weather[9 : days + 9]).astype("float32")


def windows(series, length=24, ahead=1):
    """Windows `(n, length, 1)` of a series and the `ahead` values after."""
    starts = np.arange(len(series) - length - ahead + 1)
    x = np.stack([series[s : s + length] for s in starts])[..., None]
    y = np.stack([series[s + length : s + length + ahead] for s in starts])
    return x.astype("float32"), y.astype("float32")


def houses(rows=500, seed=6):
    """Rooms, area, age, distance, income; and a price of 50 000 and more."""
    rng = np.random.default_rng(seed)
    rooms = rng.integers(1, 8, rows)
    area = rooms * 22 + rng.normal(20, 12, rows)
    age = rng.uniform(0, 90, rows)
    distance = rng.gamma(2, 4, rows)
    income = rng.lognormal(10.4, 0.4, rows)
    x = np.stack([rooms, area, age, distance, income], -1)
    price = 60_000 + 1_900 * area - 700 * age - 2_500 * distance + 2.2 * income
    price = price + rng.normal(0, 12_000, rows)
    return x.astype("float32"), price.astype("float32")


def ratings(rows=600, users=40, items=50, seed=7):
    """Users, items, and the stars from 1 to 5 that one gave to the other."""
    rng = np.random.default_rng(seed)
    taste = rng.normal(size=(users, 3))
    kind = rng.normal(size=(items, 3))
    user, item = rng.integers(users, size=rows), rng.integers(items, size=rows)
    liking = (taste[user] * kind[item]).sum(-1) + rng.normal(0, 0.3, rows)
    stars = np.clip(np.round(3 + liking), 1, 5)
    return user.astype("int32"), item.astype("int32"), stars.astype("float32")


def tags(rows=500, columns=20, labels=5, seed=8):
    """Standard normal columns and several yes/no labels for each row."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns))
    scores = x @ rng.normal(size=(columns, labels))
    y = scores + rng.normal(0, 0.5, scores.shape) > 1
    return x.astype("float32"), y.astype("float32")

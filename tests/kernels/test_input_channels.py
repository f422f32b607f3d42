import numpy as np
import pytest

from keras_trainkit.kernels.input_channels import kernel_for
from keras_trainkit.kernels.input_channels import values_for

RNG = np.random.default_rng(0)
KERNEL = RNG.normal(size=(3, 2, 3, 4))


def outputs(kernel, image):
    return np.einsum("hwc,hwcf->f", image, kernel)


def test_one_channel_does_what_a_grey_image_in_all_channels_did():
    grey = RNG.normal(size=(3, 2, 1))
    expected = outputs(KERNEL, grey.repeat(3, -1))
    np.testing.assert_allclose(outputs(kernel_for(KERNEL, 1), grey), expected)


@pytest.mark.parametrize("channels", [2, 3, 4, 6, 7])
def test_channels_are_repeated_and_rescaled(channels):
    found = kernel_for(KERNEL, channels)
    expected = np.stack(
        [KERNEL[:, :, i % 3] * 3 / channels for i in range(channels)], axis=2
    )
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("times", [2, 3])
def test_an_image_repeated_whole_gives_what_it_gave(times):
    image = RNG.normal(size=(3, 2, 3))
    found = outputs(kernel_for(KERNEL, 3 * times), np.tile(image, times))
    np.testing.assert_allclose(found, outputs(KERNEL, image))


@pytest.mark.parametrize(
    "values, channels, expected",
    [
        ([1, 2, 3], 5, [1, 2, 3, 1, 2]),
        ([1, 2, 3], 2, [1, 2]),
        ([4, 4, 4], 1, [4]),
        ([1, 2, 3], 1, None),
        ([5], 3, [5, 5, 5]),
    ],
)
def test_values_of_channels_are_repeated(values, channels, expected):
    found = values_for(values, channels)
    assert (None if found is None else found.tolist()) == expected

"""Images of any size, at the scale a model was trained on."""

import keras
import numpy as np
import pytest

from keras_trainkit.transfer.resize_to import resize_to
from tests.helpers.arrays import to_numpy
from tests.models import zoo

layers = keras.layers
PHOTOS = np.random.default_rng(0).integers(0, 256, (2, 6, 8, 3), "uint8")


def images(*before, shape=(4, 4, 3), **options):
    return keras.Sequential(
        [
            keras.Input(shape),
            *before,
            layers.Conv2D(2, 3, name="conv", **options),
            layers.GlobalAveragePooling2D(**options),
        ],
        name="model",
    )


def imagenet(x, mode):
    return keras.applications.imagenet_utils.preprocess_input(
        np.array(x), data_format="channels_last", mode=mode
    )


def resized(photos, size=(4, 4)):
    floats = keras.ops.convert_to_tensor(photos.astype("float32"))
    return to_numpy(keras.ops.image.resize(floats, size))


@pytest.mark.parametrize(
    "scale, given, brought",
    [
        ((-1, 1), (0, 255), lambda x: x / 127.5 - 1),
        ((0, 1), (0, 255), lambda x: x / 255),
        ((0, 255), (0, 255), lambda x: x),
        ((0, 255), (0, 1), lambda x: x * 255),
        ([-2.0, 6.0], [-1, 3], lambda x: 2 * x),
        (lambda x: 3.0 * x, (0, 255), lambda x: 3 * x),
        ("caffe", (0, 255), lambda x: imagenet(x, "caffe")),
        ("torch", (0, 255), lambda x: imagenet(x, "torch")),
        ("torch", (0, 1), lambda x: imagenet(255 * x, "torch")),
        ("caffe", (-1, 1), lambda x: imagenet(127.5 * x + 127.5, "caffe")),
    ],
    ids=[
        "signed",
        "unit",
        "as it is",
        "from unit",
        "any",
        "callable",
        "caffe",
        "torch",
        "torch, from unit",
        "caffe, from signed",
    ],
)
def test_images_are_brought_to_size_and_scale(scale, given, brought):
    model = images()
    found = resize_to(model, scale, given)(PHOTOS)
    expected = model(brought(resized(PHOTOS)))
    found, expected = to_numpy(found), to_numpy(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_it_takes_any_size_and_is_saved(tmp_path):
    model = resize_to(images(), (-1, 1))
    assert model.input_shape == (None, None, None, 3)
    assert not model.compiled
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for photos in (PHOTOS, PHOTOS[:1, :3, :5]):
        found = loaded.predict(photos, verbose=0)
        np.testing.assert_allclose(found, to_numpy(model(photos)), rtol=1e-5)


@pytest.mark.one_backend
def of_bytes():
    inputs = keras.Input((4, 4, 3), dtype="uint8")
    return keras.Model(inputs, images()(inputs), name="bytes")


@pytest.mark.parametrize("given", [(0, 255), (0, 1)], ids=["bytes", "unit"])
def test_a_model_of_integers_gets_the_nearest_ones(given):
    model = of_bytes()
    found = resize_to(model, (0, 255), given)
    photos = PHOTOS if given == (0, 255) else PHOTOS.astype("float32") / 255
    nearest = np.round(resized(PHOTOS)).astype("uint8")
    expected = to_numpy(model(nearest))
    np.testing.assert_allclose(
        to_numpy(found(photos)), expected, rtol=0.02, atol=1
    )


@pytest.mark.one_backend
def test_the_new_layers_compute_in_float32_whatever_the_policy():
    before = keras.config.dtype_policy()
    model = images()
    try:
        keras.config.set_dtype_policy("mixed_bfloat16")
        found = resize_to(model, "torch")
    finally:
        keras.config.set_dtype_policy(before)
    names = ["resize", "rescale", "normalize"]
    dtypes = {found.get_layer(name).compute_dtype for name in names}
    assert dtypes == {"float32"}


def test_the_models_layers_are_shared():
    model = images()
    assert resize_to(model, (0, 1)).weights[0] is model.weights[0]


@pytest.mark.one_backend
@pytest.mark.parametrize("size", [5, (5, 7), [np.int64(5), 7]], ids=str)
def test_a_model_of_any_size_is_told_one(size):
    model = images(shape=(None, None, 3))
    found = resize_to(model, (0, 1), size=size).get_layer("resize")
    assert (found.height, found.width) == (5, 5 if size == 5 else 7)


@pytest.mark.one_backend
def test_channels_may_come_first():
    model = images(shape=(3, 4, 5), data_format="channels_first")
    found = resize_to(model, (0, 1))
    assert found.input_shape == (None, 3, None, None)
    resize = found.get_layer("resize")
    assert (resize.height, resize.width) == (4, 5)


def normalization():
    return layers.Normalization(mean=0.5, variance=0.1, name="norm")


def nested():
    inputs = keras.Input((4, 4, 3))
    inner = images(layers.Rescaling(1 / 127.5, offset=-1.0, name="own"))
    return keras.Model(inputs, inner(layers.RandomFlip()(inputs)))


def test_a_model_that_scales_itself_gets_its_images_as_they_are():
    model = nested()
    found = resize_to(model)(PHOTOS, training=False)
    expected = model(resized(PHOTOS), training=False)
    np.testing.assert_allclose(to_numpy(found), to_numpy(expected), rtol=1e-5)


REFUSED = {
    "no scale": (
        {},
        ValueError,
        "`scale` must be given.*VGG and ResNet 'caffe'",
    ),
    "no scale, a normalisation": (
        {"model": lambda: images(normalization())},
        ValueError,
        r"It begins with \['norm'\]",
    ),
    "twice": (
        {"model": nested, "scale": (-1, 1)},
        ValueError,
        r"\(0.0, 255.0\) for a model .*\['own'\].*Leave `scale` out",
    ),
    "integers": (
        {"model": of_bytes, "scale": (-1, 1)},
        ValueError,
        r"\(0, 255\) for a model whose input is of dtype uint8",
    ),
    "no size": (
        {"model": lambda: images(shape=(None, None, 3)), "scale": (0, 1)},
        ValueError,
        "`size` must be given",
    ),
    "another size": (
        {"scale": (0, 1), "size": 5},
        ValueError,
        r"\[4, 4\], the size.*size=5",
    ),
    "size 0": ({"scale": (0, 1), "size": 0}, ValueError, "at least 1"),
    "three sizes": ({"scale": (0, 1), "size": (1, 2, 3)}, TypeError, "a pair"),
    "a float size": ({"scale": (0, 1), "size": 4.0}, TypeError, "integer"),
    "no pair": ({"scale": 255}, TypeError, "a pair .* or a callable"),
    "an unknown name": ({"scale": "tf"}, ValueError, "one of 'caffe', 'torch'"),
    "means of RGB images": (
        {"model": lambda: images(shape=(4, 4, 1)), "scale": "torch"},
        ValueError,
        "for 1 channels",
    ),
    "backwards": ({"scale": (1, -1)}, ValueError, "lowest < highest"),
    "not finite": ({"scale": (0, float("nan"))}, ValueError, "finite"),
    "text": ({"scale": ("a", "b")}, TypeError, "finite numbers"),
    "empty": (
        {"scale": (0, 1), "images": (1, 1)},
        ValueError,
        "`images`.*lowest < highest",
    ),
    "a callable and a range": (
        {"scale": lambda x: x, "images": (0, 1)},
        ValueError,
        "left at its default",
    ),
    "interpolation": (
        {"scale": (0, 1), "interpolation": "area"},
        ValueError,
        "one of 'bilinear'",
    ),
    "no images": (
        {"model": zoo.sequential, "scale": (0, 1)},
        ValueError,
        r"batches of images, not \[\(None, 4\)\]",
    ),
    "subclassed": (
        {"model": zoo.subclassed, "scale": (0, 1)},
        ValueError,
        "Build a functional model",
    ),
    "no model": (
        {"model": lambda: zoo.dense(1, "head")},
        TypeError,
        "keras.Model",
    ),
}


@pytest.mark.one_backend
@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_not_known_is_refused(kind):
    arguments, error, message = REFUSED[kind]
    model = arguments.get("model", images)()
    with pytest.raises(error, match=message):
        resize_to(**{**arguments, "model": model})

"""The first snippet needs two downloads; here it runs with stand-ins.

The README is also the package's description, where no relative link works.
"""

import re

import keras
import numpy as np
import pytest

from tests.helpers.examples import ROOT
from tests.helpers.examples import load_script

script = load_script(ROOT / "docs" / "images" / "draw_readme_figure.py")

HOME = "https://github.com/keras-trainkit/keras-trainkit"
RAW = "https://raw.githubusercontent.com/keras-trainkit/keras-trainkit/main"
README = script.README.read_text("utf-8")
INLINE = set(re.findall(r"\]\((\S+?)\)", README))
DEFINED = dict(re.findall(r"^\[(.+)\]: (\S+)$", README, re.MULTILINE))
REFERENCES = set(re.findall(r"\]\[(.+?)\]", README))
PICTURES = re.findall(r"!\[.+?\]\[(.+?)\]", README)
LINKS = sorted(INLINE | set(DEFINED.values()))
FILES = re.compile(f"(?:{HOME}/(?:blob|tree)/main|{RAW})/([^#]+)")


@pytest.fixture(scope="module")
def names():
    return script.run()


def test_the_first_snippet_fits_on_a_screen():
    assert len(script.snippet().strip().splitlines()) <= 26


def test_the_backbone_trains_but_for_its_batch_normalisation(names):
    backbone = names["model"].get_layer("backbone")
    assert backbone.get_layer("conv").trainable
    assert not backbone.get_layer("norm").trainable
    rate = names["model"].optimizer.learning_rate
    np.testing.assert_allclose(float(rate), 1e-3)


def test_the_backbone_sees_what_it_was_trained_on(names):
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3))
    pixels = pixels.astype("float32")
    resizing, rescaling = names["model"].layers[:2]
    expected = keras.applications.mobilenet_v2.preprocess_input(
        np.array(keras.ops.convert_to_numpy(resizing(pixels)))
    )
    found = keras.ops.convert_to_numpy(rescaling(resizing(pixels)))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_every_update_and_every_new_image_is_there(names):
    assert len(names["one_cycle"].trace()["momentum"]) == 160
    prediction = names["prediction"]
    assert prediction.mean.shape == prediction.std.shape == (100, 10)


@pytest.mark.one_backend
@pytest.mark.parametrize("link", LINKS)
def test_the_link_is_absolute_and_leads_to_a_file_that_exists(link):
    assert link.startswith("https://")
    ours = FILES.match(link)
    assert ours or not link.startswith((HOME, RAW))
    assert ours is None or (ROOT / ours[1]).exists()


@pytest.mark.one_backend
def test_every_reference_is_defined_and_every_definition_used():
    assert set(DEFINED) == REFERENCES


@pytest.mark.one_backend
@pytest.mark.parametrize("picture", PICTURES)
def test_a_picture_is_linked_as_a_file_and_not_as_a_page(picture):
    assert DEFINED[picture].startswith(RAW)
    assert DEFINED[picture].endswith(".png")


@pytest.mark.one_backend
def test_the_project_is_cloned_before_it_is_installed():
    clone = README.index(f"git clone {HOME}")
    assert clone < README.index("pip install -e")

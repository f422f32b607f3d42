import sys
import xml.etree.ElementTree as ElementTree

import pytest

from keras_trainkit.plots.svg import figure_svg

ODD = '</text><script>alert("1")</script>$\\frac$'


def draw(ax):
    ax.plot([0, 1, 2], [3, 1, 2], label=ODD)
    ax.set_xlabel(ODD)
    ax.legend()


@pytest.fixture(scope="module")
def svg():
    return figure_svg(draw, ODD)


def test_it_is_one_element_that_says_what_it_shows(svg):
    root = ElementTree.fromstring(svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("aria-label") == ODD
    assert root.get("viewBox")
    assert (root.get("width"), root.get("height")) == (None, None)


def test_names_stay_text(svg):
    root = ElementTree.fromstring(svg)
    tags = {element.tag.split("}")[1] for element in root.iter()}
    assert "script" not in tags
    texts = [one.text for one in root.iter() if one.tag.endswith("}text")]
    assert texts.count(ODD) == 2


def test_text_has_the_colour_of_the_page(svg):
    assert "currentColor" in svg
    assert "#010203" not in svg


def test_ids_are_those_that_are_used(svg):
    root = ElementTree.fromstring(svg)
    ids = [one.get("id") for one in root.iter() if one.get("id")]
    assert ids
    assert [one for one in ids if f"#{one}" not in svg] == []


def test_equal_figures_are_equal_text(svg):
    assert figure_svg(draw, ODD) == svg


def test_matplotlib_s_settings_are_as_they_were(svg):
    import matplotlib

    before = dict(matplotlib.rcParams)
    figure_svg(draw, "again")
    assert dict(matplotlib.rcParams) == before


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"keras-trainkit\[report\]"):
        figure_svg(draw, "x")

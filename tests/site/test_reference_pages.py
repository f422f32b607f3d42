"""Every public name has its page: signature, docstring, and who explains it."""

import re

import explained
import pytest
import sources
from links import page_of

from tests.helpers import built_site

NAMES = sources.public_names()


def page_on(name):
    return built_site.read(f"api/{name}.html")


@pytest.mark.parametrize("name", NAMES)
def test_the_name_has_its_entry(name):
    assert f"keras_trainkit.{name}" in page_on(name).anchors


@pytest.mark.parametrize("name", NAMES)
def test_the_entry_has_the_sections_of_the_docstring(name):
    wanted = {"example"}
    wanted |= {"args"} & {"args" if "Args:" in NAMES[name].docstring else ""}
    assert wanted <= page_on(name).anchors


@pytest.mark.parametrize("name", NAMES)
def test_the_entry_links_to_the_page_that_explains_it(name):
    page = page_of(explained.page_for(name)).replace(".md", ".html")
    assert f"../{page}" in page_on(name).targets


@pytest.mark.parametrize("name", NAMES)
def test_that_page_says_the_name(name):
    page = page_of(explained.page_for(name)).replace(".md", ".html")
    last = name.rpartition(".")[2]
    if name in NAMED_BY_WHAT_RETURNS_IT:
        last = NAMED_BY_WHAT_RETURNS_IT[name]
    assert last in "".join(built_site.read(page).text)


# Results, which a reader meets as what a function returns, and plots, as the
# `plot` of what they draw.
NAMED_BY_WHAT_RETURNS_IT = {
    "batch_norm.Folding": "fold",
    "compression.Shrinking": "shrink",
    "diagnostics.Finding": "finding",
    "plots.plot_batch_size_curve": "plot",
    "plots.plot_depth_search": "plot",
    "plots.plot_learning_rate_search": "plot",
    "plots.plot_most_and_least_certain": "plot",
    "plots.plot_schedule": "plot",
    "transfer.DepthSearch": "search_depth",
    "tuning.BatchSizeCurve": "batch_size_curve",
    "tuning.BatchSizeSearch": "find_batch_size",
}


def test_inherited_methods_are_there():
    assert (
        "keras_trainkit.callbacks.OneCycle.trace"
        in page_on("callbacks.OneCycle").anchors
    )


def test_a_name_in_running_text_is_a_link_to_its_entry():
    links = built_site.read("guide/fine_tuning.html").targets
    assert "../api/callbacks.FineTuning.html" in links


@pytest.mark.parametrize(
    "page, name, is_link",
    [
        ("guide/coming_from.html", "fine_tune", False),
        ("guide/coming_from.html", "ktk.transfer.fine_tune", True),
        ("guide/coming_from.html", "LearningRateFinder", False),
        ("api/tuning.find_learning_rate.html", "LearningRateFinder", False),
        ("guide/one_cycle.html", "RaiseLROnPlateau", True),
    ],
)
def test_a_name_of_another_framework_is_no_link(page, name, is_link):
    html = (built_site.SITE / page).read_text("utf-8")
    plain = re.sub(r"<wbr>|</?span[^>]*>", "", html)
    assert f">{name}</code>" in plain
    assert (f">{name}</code></a>" in plain) == is_link

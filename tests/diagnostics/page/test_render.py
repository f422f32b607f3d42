import re
import sys
from html.parser import HTMLParser

import pytest

from keras_trainkit.diagnostics.page.render import page
from keras_trainkit.diagnostics.report import Report
from tests.helpers.odd_reports import ODD
from tests.helpers.odd_reports import odd_page
from tests.helpers.odd_reports import odd_report

pytestmark = pytest.mark.one_backend


class Elements(HTMLParser):
    """Collects the tags of a page, their attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def rendered():
    return odd_page()


@pytest.fixture(scope="module")
def elements(rendered):
    return Elements(rendered)


def test_the_most_likely_cause_comes_first(elements):
    codes = [one["data-code"] for one in elements.all("article")]
    assert codes[:2] == ["L102", "L101"]
    assert codes[-1] == "I101"
    text = "".join(elements.text)
    cause = text[text.index("Most likely cause") :]
    assert cause.index("L102") < cause.index("L101")


def test_names_are_text(elements):
    assert len(elements.all("script")) == 1
    assert elements.all("img") == []
    assert "".join(elements.text).count(ODD) >= 5


def test_no_attribute_runs_anything(elements):
    handlers = [k for _, found in elements.tags for k in found if k[:2] == "on"]
    assert handlers == []


def test_links_lead_to_the_web_or_are_none(elements):
    links = [one["href"] for one in elements.all("a")]
    assert len(links) == 4
    assert all(link.startswith("https://example.org/") for link in links)


def test_nothing_is_fetched(rendered, elements):
    names = {name for _, found in elements.tags for name in found}
    assert "src" not in names
    assert elements.all("link") == []
    assert "@import" not in rendered
    assert "url(http" not in rendered


def test_only_the_page_s_own_script_may_run(elements):
    (policy,) = [
        one["content"]
        for one in elements.all("meta")
        if one.get("http-equiv") == "Content-Security-Policy"
    ]
    assert "default-src 'none'" in policy
    assert re.search(r"script-src 'sha256-[\w+/]{43}='", policy)


def test_findings_carry_what_the_filter_asks_for(elements):
    found = {
        (one["data-severity"], one["data-topic"])
        for one in elements.all("article")
    }
    assert ("warning", "learning_rate") in found
    options = [one["value"] for one in elements.all("option")]
    assert options == [
        "",
        "activation",
        "initialization",
        "learning_rate",
        "loss",
    ]


def test_layers_are_a_table_with_lines(elements):
    text = "".join(elements.text)
    assert "gradient norm" in text
    assert "probe" not in text
    assert "12,345" in text
    assert "? x 16" in text
    lines = [one for one in elements.all("svg") if one.get("class") == "spark"]
    assert [one["aria-label"] for one in lines] == ["from 1 to 0.25"]


def test_it_follows_the_reader_s_theme_and_prints(rendered):
    assert "@media (prefers-color-scheme: dark)" in rendered
    assert "@media print" in rendered
    assert 'name="viewport"' in rendered
    assert "currentColor" in rendered


def test_an_empty_report_is_a_page():
    text = page(Report([]))
    assert "Nothing found." in text
    assert "Most likely" not in text
    assert Elements(text).all("article") == []


@pytest.mark.parametrize(
    "missing, report",
    [("jinja2", Report([])), ("matplotlib", odd_report())],
    ids=["Jinja2", "matplotlib"],
)
def test_without_an_extra_the_extra_is_named(missing, report, monkeypatch):
    for name in [n for n in sys.modules if n.split(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=r"keras-trainkit\[report\]"):
        page(report)


def test_a_report_writes_the_same_page_again(tmp_path, rendered):
    path = tmp_path / "report.html"
    assert odd_report().to_html(path) == rendered
    assert path.read_text("utf-8") == rendered

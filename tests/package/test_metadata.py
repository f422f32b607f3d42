"""Who, where, which version: what repeats setup.cfg says the same."""

import configparser
import re
import subprocess
from pathlib import Path

import pytest

import keras_trainkit

pytestmark = pytest.mark.one_backend
ROOT = Path(__file__).parents[2]
OWNERS_START = "# FOR THE OWNER TO FILL IN"
OWNERS_END = "# End of what the owner fills in."


def text_of(name):
    return (ROOT / name).read_text("utf-8")


def metadata():
    read = configparser.ConfigParser()
    read.read_string(text_of("setup.cfg"))
    return read["metadata"]


def citation(field):
    found = re.search(rf"^[ -]*{field}: (.+)$", text_of("CITATION.cff"), re.M)
    return found[1]


def test_the_owner_s_fields_are_in_one_place():
    before, _, rest = text_of("setup.cfg").partition(OWNERS_START)
    inside, _, after = rest.partition(OWNERS_END)
    owners = re.findall(r"^(\w+) = ?", inside, re.M)
    assert owners == ["author", "url", "project_urls"]
    assert "://" not in before + after
    assert "author" not in before + after


def test_the_citation_repeats_it():
    ours = metadata()
    assert citation("name") == ours["author"]
    assert citation("repository-code") == ours["url"]
    assert citation("license") == ours["license"]
    assert citation("version") == keras_trainkit.__version__


def test_all_addresses_of_the_project_are_the_owner_s():
    """Pages, findings and pictures point to the repository by its address."""
    host, owner, name = metadata()["url"].rsplit("/", 2)
    assert host == "https://github.com"
    hosts = r"https://(?:raw\.githubusercontent|github)\.com"
    pattern = re.compile(rf"{hosts}/([\w.-]+)/{name}\b")
    others = {
        path.relative_to(ROOT).as_posix(): set(found) - {owner}
        for path in tracked()
        if (found := pattern.findall(path.read_text("utf-8", "ignore")))
    }
    assert "README.md" in others
    assert {path: found for path, found in others.items() if found} == {}


def tracked():
    endings = ("*.py", "*.md", "*.cfg", "*.cff", "*.yml", "*.html", "*.toml")
    listed = subprocess.run(
        ["git", "ls-files", *endings],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [ROOT / line for line in listed.stdout.splitlines()]
    return [path for path in paths if path.is_file()]


def test_the_changelog_s_newest_version_is_this_one():
    headings = re.findall(r"^## \[(.+?)\]", text_of("CHANGELOG.md"), re.M)
    newest = next(one for one in headings if one != "Unreleased")
    assert newest == keras_trainkit.__version__
    assert "Unreleased" not in headings[1:]


def test_a_classifier_for_each_python_that_is_tested():
    pythons = re.findall(r":: (3\.\d+)$", metadata()["classifiers"], re.M)
    matrix = re.search(r"python: \[(.+)\]", text_of(".github/workflows/ci.yml"))
    assert pythons == re.findall(r"3\.\d+", matrix[1])
    least = re.search(r"python_requires = >=(.+)", text_of("setup.cfg"))[1]
    assert pythons[0] == least

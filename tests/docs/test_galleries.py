"""The pages of examples/ and benchmarks/: their links lead somewhere."""

import re

import pytest

from tests.helpers.examples import EXAMPLES
from tests.helpers.examples import ROOT

pytestmark = pytest.mark.one_backend
GALLERY = (EXAMPLES / "README.md").read_text("utf-8")
LINKS = [
    (folder, link)
    for folder in ("examples", "benchmarks")
    for link in re.findall(
        r"\]\((\S+?)\)", (ROOT / folder / "README.md").read_text("utf-8")
    )
    if not link.startswith("https://")
]
RUN = sorted(
    path.name
    for path in EXAMPLES.glob("*.py")
    if "__main__" in path.read_text("utf-8")
)


@pytest.mark.parametrize("folder, link", LINKS)
def test_the_link_leads_somewhere(folder, link):
    assert (ROOT / folder / link).resolve().is_file()


@pytest.mark.parametrize("script", RUN)
def test_the_gallery_says_how_to_run_the_example(script):
    assert f"python examples/{script}" in GALLERY


def test_every_example_has_its_picture():
    pictures = re.findall(r"!\[[^\]]+\]\(\S+\.png\)", GALLERY)
    assert len(pictures) == len(RUN)

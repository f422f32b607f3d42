"""The checks: an anchor a code, where the findings' `docs` lead."""

import ast
import re

import pytest
from links import GITHUB
from links import ROOT
from links import target_on_site

from tests.helpers import built_site

RULES = ROOT / "keras_trainkit" / "diagnostics"
CODES = re.findall(
    r'^<a id="(\w+)"></a>$',
    (ROOT / "docs" / "checks.md").read_text("utf-8"),
    re.MULTILINE,
)
# What `Finding.docs` begins with; a code follows it.
ADDRESSES = {
    node.value
    for path in RULES.rglob("*.py")
    for node in ast.walk(ast.parse(path.read_text("utf-8")))
    if isinstance(node, ast.Constant)
    and isinstance(node.value, str)
    and node.value.startswith(GITHUB)
}


@pytest.mark.parametrize("code", CODES)
def test_the_code_has_its_anchor(code):
    assert code in built_site.read("checks.html").anchors


def test_there_are_codes():
    assert len(CODES) > 100


def test_findings_lead_there_and_nowhere_else():
    (address,) = ADDRESSES
    assert target_on_site(address, "", "index.md") == "checks.md"

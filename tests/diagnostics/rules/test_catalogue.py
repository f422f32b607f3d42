"""Every rule's examples do what the page says, and the page is theirs."""

import ast
import re
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics import check_model
from keras_trainkit.diagnostics.rules.catalogue import checks_page
from keras_trainkit.diagnostics.rules.registry import NEEDS
from keras_trainkit.diagnostics.rules.registry import known_codes
from keras_trainkit.diagnostics.rules.registry import rules

PAGE = Path(__file__).parents[3] / "docs" / "checks.md"
ARGUMENTS = ("x", "y", "batch_size", "epochs", "validation_data", "overfit")
# Those of the doctor need a `fit`: tests/callbacks/test_training_doctor.py.
CHECKED = {one.code: one for one in rules() if "training" not in one.needs}


def report_on(source):
    keras.utils.set_random_seed(0)
    names = {"keras": keras, "np": np}
    exec(source, names)
    given = {name: names[name] for name in ARGUMENTS if name in names}
    return check_model(names["model"], **given)


@pytest.mark.parametrize("code", CHECKED)
@pytest.mark.one_backend
def test_the_bad_example_is_found(code):
    found = report_on(CHECKED[code].bad).findings
    assert code in {one.code for one in found}


@pytest.mark.parametrize("code", CHECKED)
@pytest.mark.one_backend
def test_the_good_example_is_not(code):
    found = report_on(CHECKED[code].good).findings
    assert code not in {one.code for one in found}
    assert "error" not in {one.severity for one in found}


@pytest.mark.parametrize("code", [one.code for one in rules()])
def test_a_rule_is_explained(code):
    one = {one.code: one for one in rules()}[code]
    assert one.look.__doc__
    assert set(one.needs) <= set(NEEDS)
    assert one.name


@pytest.mark.one_backend
def test_the_page_has_one_anchor_for_each_code():
    anchors = re.findall(r'<a id="(\w+)"></a>', PAGE.read_text("utf-8"))
    assert anchors == [code.lower() for code in known_codes()]


def canonical(page):
    """Returns a page whose Python is formatted in one way."""
    fence = re.compile(r"```python\n(.*?)```", re.DOTALL)
    return fence.sub(lambda one: ast.unparse(ast.parse(one[1])), page)


@pytest.mark.one_backend
def test_the_page_is_the_rules_own():
    ours = canonical(PAGE.read_text("utf-8"))
    assert ours == canonical(checks_page()), (
        "Run `python -m keras_trainkit.diagnostics.rules.catalogue > "
        "docs/checks.md` and `ruff format docs/checks.md`."
    )

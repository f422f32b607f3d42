"""docs/techniques.md leaves no technique out, and says whose each line is.

That the lines run is the matter of `test_pages.py`.
"""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.one_backend
PAGE = Path(__file__).parents[2] / "docs" / "techniques.md"
ROW = re.compile(r"^\| (.+?) \| (.*?) ?\| (.+?) \| (.*?) ?\|$", re.MULTILINE)
ROWS = {
    technique: (whose, line)
    for technique, whose, line, _ in ROW.findall(PAGE.read_text("utf-8"))
    if technique != "technique"
}

WANTED = """
Glorot, He, LeCun, orthogonal,
ReLU, leaky ReLU, randomised ReLU, parametric ReLU, ELU, SELU, GELU, Swish,
SwiGLU, Mish, ReLU squared,
batch normalisation before the activation,
batch normalisation after the activation,
layer normalisation before the activation,
layer normalisation after the activation,
by value, by norm, reuse, freezing, unfreezing, pretraining,
momentum, Nesterov, AdaGrad, RMSProp, Adam, AdaMax, Nadam, AdamW,
power, exponential, piecewise, performance, cosine, warm-up, warm restarts,
1cycle, l1, l2, dropout, alpha dropout, MC dropout, max-norm, early stopping,
weight decay
""".replace("\n", " ").split(", ")


@pytest.mark.parametrize("technique", [name.strip() for name in WANTED])
def test_the_technique_has_its_row(technique):
    assert any(re.match(rf"{technique}\b", name) for name in ROWS)


@pytest.mark.parametrize("technique", ROWS)
def test_the_row_is_a_line_or_a_plain_not_yet(technique):
    whose, line = ROWS[technique]
    assert re.fullmatch("`[^`]+`|not yet", line)
    assert (line == "not yet") == (whose == "")


@pytest.mark.parametrize("technique", ROWS)
def test_the_line_is_whose_the_row_says(technique):
    whose, line = ROWS[technique]
    assert ("ktk." in line) == (whose == "ours")
    assert ("https://keras.io/" in whose) == (whose not in ("ours", ""))

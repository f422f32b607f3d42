import dataclasses

import numpy as np
import pytest

from keras_trainkit.kernels.declared_types import require_declared_types


@dataclasses.dataclass
class Result:
    name: str
    count: int = 0
    share: float | None = None
    parts: tuple = ()
    anything: object = None

    def __post_init__(self):
        require_declared_types(self)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"count": np.int8(3)},
        {"share": 1},
        {"share": np.float32(0.5)},
        {"share": None},
        {"parts": (1, "a")},
        {"anything": object},
    ],
    ids=str,
)
def test_what_is_declared_is_taken(fields):
    assert Result("a", **fields).name == "a"


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("name", 3, "a str"),
        ("name", None, "a str"),
        ("count", True, "an int"),
        ("count", 1.0, "an int"),
        ("share", "1", "a float or None"),
        ("share", True, "a float or None"),
        ("share", np.ones(1), "a float or None"),
        ("parts", [1], "a tuple"),
    ],
)
def test_another_type_names_the_field(field, value, expected):
    with pytest.raises(TypeError, match=f"`{field}` must be {expected}. Rec"):
        Result(**{"name": "a", field: value})


@dataclasses.dataclass
class OwnResult(Result):
    notes: list[str] = ()
    later: "str | None" = None


def test_what_is_no_class_is_not_checked():
    assert OwnResult("a", notes=["b"], later="c").notes == ["b"]
    with pytest.raises(TypeError, match="`count` must be an int"):
        OwnResult("a", "b")

import numpy as np
import pytest

from keras_trainkit.diagnostics.repair.task import task_of
from keras_trainkit.kernels.held_out.target_coding import TargetCoding

pytestmark = pytest.mark.one_backend
RNG = np.random.default_rng(0)
EVEN = np.arange(60) % 3
TASKS = {
    "classes": (EVEN, {}, "classes", "accuracy"),
    "one-hot": (np.eye(3)[EVEN], {}, "classes", "accuracy"),
    "two": (EVEN[:40] % 2, {}, "classes", "accuracy"),
    "uneven": (np.arange(60) % 10 == 0, {}, "classes", "balanced accuracy"),
    "text": (np.array(["a", "b"] * 9), {}, "classes", "accuracy"),
    "labels": (np.eye(4)[EVEN] + np.eye(4)[3], {}, "labels", None),
    "values": (RNG.normal(size=60), {}, "values", "R2"),
    "counts": (RNG.permutation(60), {}, "values", "R2"),
    "of a loss for classes": (
        EVEN * 7,
        {"classifies": True},
        "classes",
        "accuracy",
    ),
    "numbers of classes in places": (
        EVEN.reshape(20, 3),
        {"rank": 3},
        "classes",
        "accuracy",
    ),
}


@pytest.mark.parametrize(
    ("y", "known", "kind", "score"), TASKS.values(), ids=TASKS
)
def test_targets_tell_the_task(y, known, kind, score):
    task = task_of(y, **known)
    assert task.kind == kind
    assert task.score == (score or "balanced accuracy")


OUTPUTS = {
    "probabilities": (np.eye(3)[EVEN] * 0.4 + 0.2, TargetCoding((0, 1, 2))),
    "numbers": (EVEN[:, None] + 0.3, TargetCoding((0, 1, 2))),
    "another coding": (np.eye(3)[EVEN], TargetCoding((0, 1, 2), "one_hot")),
}


@pytest.mark.parametrize(("outputs", "coding"), OUTPUTS.values(), ids=OUTPUTS)
def test_right_outputs_of_any_model_score_one(outputs, coding):
    assert task_of(EVEN).credits(EVEN, outputs, coding).mean() == 1.0


def test_logits_are_read_as_such():
    y, task = EVEN[:40] % 2, task_of(EVEN[:40] % 2)
    logits = (2.0 * y - 1)[:, None] * 0.2
    assert task.credits(y, logits, task.coding, logits=True).mean() == 1.0
    assert task.credits(y, logits, task.coding).mean() == (y == 0).mean()


def test_scaled_outputs_are_scaled_back():
    y = RNG.normal(10, 3, 60)
    coding = TargetCoding(scale=(10.0, 3.0))
    credits = task_of(y).credits(y, ((y - 10) / 3)[:, None], coding)
    assert credits.mean() == pytest.approx(1)


def test_outputs_of_another_shape_are_wrong():
    outputs = RNG.random((60, 7, 3))
    coding = TargetCoding((0, 1, 2))
    assert task_of(EVEN).credits(EVEN, outputs, coding).mean() == 0


def test_outputs_of_other_rows_are_refused():
    with pytest.raises(ValueError, match="rows"):
        task_of(EVEN).credits(EVEN, np.ones((7, 3)), TargetCoding((0, 1, 2)))


def test_targets_without_a_finite_value_are_refused():
    with pytest.raises(ValueError, match="finite"):
        task_of(np.full(9, np.nan))

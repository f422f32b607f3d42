"""What every stage trains."""

import numpy as np
import pytest

from keras_trainkit.models.layer_tree import LayerTree
from keras_trainkit.models.selection import select
from keras_trainkit.models.stages import plan_stages
from keras_trainkit.models.stages import trainable_counts
from keras_trainkit.models.stages import trained_in_stages
from tests.models import zoo

NESTED = ["backbone/one", "backbone/norm", "backbone/two", "head"]


def trained(model):
    """Layers below the model that train, in the order of their weights."""
    paths = [w.path.split("/") for w in model.trainable_weights]
    return list(dict.fromkeys("/".join(path[:-1]) for path in paths))


def planned(model, stages, hold=False):
    selected = {epoch: select(model, s) for epoch, s in stages.items()}
    return plan_stages(LayerTree(model), selected, hold_batch_norm=hold)


def walked(model, stages, hold=False):
    """Returns what trains in each stage, by its epoch."""
    found = {}
    for stage in planned(model, stages, hold):
        stage.set_flags(LayerTree(model))
        found[stage.epoch] = trained(model)
    return found


@pytest.mark.parametrize(
    "stages, hold, expected",
    [
        ({0: "all"}, False, {0: ["one", "norm", "two", "head"]}),
        ({0: "all"}, True, {0: ["one", "norm", "two", "head"]}),
        (
            {0: "head", 3: "*/two", 5: "all"},
            False,
            {
                0: ["head"],
                3: ["two", "head"],
                5: ["one", "norm", "two", "head"],
            },
        ),
        (
            {5: "all", 0: "head", 3: "*/one"},
            True,
            {0: ["head"], 3: ["one", "head"], 5: ["one", "two", "head"]},
        ),
        (
            {0: ["head", "*/norm"], 1: "*/one"},
            True,
            {0: ["norm", "head"], 1: ["one", "norm", "head"]},
        ),
    ],
    ids=["one", "one, held", "three", "three, held", "a norm of the first"],
)
@pytest.mark.parametrize("frozen", [False, True])
def test_a_stage_adds_to_those_before(stages, hold, expected, frozen):
    model = zoo.nested(frozen)
    found = walked(model, stages, hold)
    bare = {
        epoch: [path.split("/")[-1] for path in paths]
        for epoch, paths in found.items()
    }
    assert bare == expected


@pytest.mark.parametrize("hold", [False, True])
def test_stages_can_be_entered_in_any_order(hold):
    model = zoo.block()
    stages = {0: "head", 1: "block/first", 2: "all"}
    expected = walked(model, stages, hold)
    plan = planned(model, stages, hold)
    found = {}
    for stage in plan[::-1]:
        stage.set_flags(LayerTree(model))
        found[stage.epoch] = trained(model)
    assert found == expected


def test_held_norms_are_found_in_composites():
    model = zoo.block()
    plan = planned(model, {0: "head", 1: "all"}, hold=True)
    assert zoo.names(plan[0].held) == ["norm"]
    plan[1].set_flags(LayerTree(model))
    assert not model.get_layer("block").norm.trainable
    assert "block/second" in trained(model)


def test_a_composite_of_the_first_stage_holds_nothing():
    model = zoo.block()
    assert planned(model, {0: "block", 1: "all"}, hold=True)[0].held == []


@pytest.mark.parametrize("hold", [False, True])
def test_without_an_epoch_0_the_model_as_it_is_comes_first(hold):
    model = zoo.block()
    part = model.get_layer("block")
    part.norm.trainable = False
    model.get_layer("stem").trainable = False
    now = trained(model)
    assert "block/norm" not in now
    found = walked(model, {4: "stem"}, hold)
    assert found == {0: now, 4: ["stem", *now]}


def test_without_an_epoch_0_something_must_train():
    model = zoo.nested()
    model.trainable = False
    with pytest.raises(ValueError, match=r"Received: stages=\[2\]"):
        planned(model, {2: "all"})


def test_counts_in_words():
    model = zoo.sequential()
    model.get_layer("hidden").trainable = False
    assert (
        trainable_counts(LayerTree(model)) == "2 of 3 layers, 13 of 41 weights"
    )
    assert np.sum([np.prod(w.shape) for w in model.weights]) == 41


def test_what_stages_are_going_to_train_changes_nothing():
    model = zoo.nested()
    before = [w.trainable for w in model.weights]
    plan = planned(model, {0: "head", 2: "*two", 3: "all"})
    found = trained_in_stages(LayerTree(model), plan)
    assert [w.trainable for w in model.weights] == before
    paths = [[v.path for v in some] for some in found]
    expected = []
    for stage in plan:
        stage.set_flags(LayerTree(model))
        expected.append([v.path for v in model.trainable_variables])
    assert paths == expected
    assert len(paths[0]) < len(paths[1]) < len(paths[2])

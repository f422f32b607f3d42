"""What the two stages of `fine_tune` train."""

import keras
import pytest

import keras_trainkit as ktk
from keras_trainkit.transfer.staged_training.data import TrainingData
from keras_trainkit.transfer.staged_training.run import StagedRun
from keras_trainkit.transfer.staged_training.user_callbacks import UserCallbacks
from tests.helpers.frozen_backbone import X
from tests.helpers.frozen_backbone import Y
from tests.helpers.frozen_backbone import reused

ALL = ["first", "second", "head"]


def nothing_frozen():
    return reused(freeze=False)


def frozen_below():
    return reused()


def frozen_in_part():
    model = reused()
    ktk.transfer.unfreeze(model, "backbone/second")
    return model


def statistics_held():
    # As a run before leaves it.
    model = reused(freeze=False)
    ktk.transfer.freeze(model, "backbone/norm")
    return model


def a_kernel_frozen_alone():
    model = reused(freeze=False)
    model.get_layer("backbone").get_layer("first").kernel.trainable = False
    return model


STAGES = {
    nothing_frozen: (["head"], ALL),
    frozen_below: (["head"], ALL),
    frozen_in_part: (["second", "head"], ALL),
    statistics_held: (["head"], ALL),
    a_kernel_frozen_alone: (["head"], ALL),
}


def run(model, head_epochs=2, epochs=4, **others):
    data = TrainingData(X, Y, None, 8, others)
    return StagedRun(model, data, UserCallbacks([]), head_epochs, epochs, 0)


def names_of_what_trains(model):
    layers = ktk.models.trainable_layers(model)
    return [one.name for one in layers]


@pytest.mark.parametrize("make", STAGES)
def test_the_head_is_what_trains_or_the_last_group(make):
    model = make()
    staged = run(model)
    found = []
    for place in range(2):
        staged.enter(place)
        found.append(names_of_what_trains(model))
    assert tuple(found) == STAGES[make]


def test_a_kernel_frozen_alone_stays_so():
    model = a_kernel_frozen_alone()
    staged = run(model)
    staged.enter(0)
    staged.enter(1)
    first = model.get_layer("backbone").get_layer("first")
    assert not first.kernel.trainable and first.bias.trainable


def test_there_may_be_a_head_stage_alone():
    staged = run(reused(), head_epochs=3, epochs=3)
    staged.enter(0)
    assert len(staged.stages) == 1


def test_an_accumulation_makes_stages_shorter():
    optimizer = keras.optimizers.SGD(0.1, gradient_accumulation_steps=5)
    with pytest.raises(ValueError, match="The shortest has 2"):
        run(reused(optimizer=optimizer))

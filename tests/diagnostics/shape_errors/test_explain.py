import keras
import numpy as np
import pytest

from keras_trainkit.diagnostics.shape_errors.explain import explain
from keras_trainkit.diagnostics.shape_errors.explain import is_explained
from tests.helpers.explained import Mixing
from tests.helpers.explained import TwoSizes
from tests.helpers.explained import compiled
from tests.helpers.explained import note_of
from tests.helpers.explained import values


def two_layers():
    return compiled(
        keras.Input((8,)),
        keras.layers.Dense(4, name="hidden"),
        keras.layers.Dense(1, name="head"),
    )


def test_the_error_goes_on_as_the_same_object():
    kept = ValueError("expected axis -1 of shape (3, 4), got shape (3, 5)")

    def broken():
        raise kept

    with pytest.raises(ValueError) as raised, explain():
        broken()
    assert raised.value is kept
    frames = [entry.name for entry in raised.traceback]
    assert frames[-1] == "broken"
    assert "explain" not in "".join(frames[1:])


def test_fit_on_other_columns_names_the_layer_and_the_numbers():
    note = note_of(
        lambda: two_layers().fit(values(10, 7), values(10, 1), verbose=0)
    )
    assert "'hidden' (Dense) was built for 8" in note
    assert "7: axis 1 of `x`, shape (10, 7)" in note
    assert "keras.Input((7,))" in note.splitlines()[-1]


def test_the_model_is_found_in_a_call_of_one_s_own():
    note = note_of(lambda: Mixing()(values(4, 8)))
    assert "the output of 'inner' (Dense), its units" in note
    assert "5: axis 0 of the weight 'mixing' of 'own', shape (5, 3)" in note
    assert "units=5 for 'inner' makes them equal" in note


def test_two_layers_of_one_size_are_told_apart():
    note = note_of(lambda: TwoSizes(name="mix")(values(2, 8)))
    assert "16 is the size of 'mix/query' and 'mix/key'" in note
    assert "set units=17 in 'mix/query' alone" in note
    assert "if the message then says 17, it is 'mix/query'" in note
    assert "units=16 for 'mix/value'" in note


def test_a_model_that_is_given_is_the_one_in_question():
    model = two_layers()

    def broken():
        raise ValueError("incompatible shapes: (3, 4) and (3, 5)")

    assert "'hidden'" in note_of(broken, model=model)
    assert note_of(broken) == ""


def test_it_decorates_a_function():
    @explain()
    def train():
        two_layers()(values(3, 7))

    with pytest.raises(ValueError) as raised:
        train()
    assert "'hidden'" in raised.value.__notes__[0]


def test_nested_blocks_make_one_note():
    with pytest.raises(ValueError) as raised, explain(), explain():
        two_layers()(values(3, 7))
    assert len([n for n in raised.value.__notes__ if "trainkit" in n]) == 1


def test_nothing_happens_without_an_error():
    with explain() as entered:
        result = np.ones(3).sum()
    assert (result, entered.model) == (3.0, None)


@pytest.mark.parametrize(
    "error",
    [
        KeyError("shape (3, 4)"),
        ValueError("You must call `compile()` before using the model."),
        RuntimeError("CUDA out of memory for a tensor of shape (3, 4)"),
        AttributeError("no attribute shape"),
        FileNotFoundError("weights.h5 of shape (3, 4)"),
        KeyboardInterrupt("shape (3, 4)"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_other_errors_go_through_untouched(error):
    def broken():
        raise error

    with pytest.raises(type(error)) as raised, explain():
        broken()
    assert raised.value is error
    assert not hasattr(error, "__notes__")


def test_a_note_that_fails_leaves_the_error(monkeypatch):
    class Odd(keras.Model):
        @property
        def layers(self):
            raise ZeroDivisionError("odd")

    model = Odd()
    note = note_of(
        lambda: (_ for _ in ()).throw(ValueError("shapes must match")),
        model=model,
    )
    assert "no note, as ZeroDivisionError was raised: odd" in note


@pytest.mark.parametrize("model", ["dense", keras.layers.Dense(1)])
def test_what_is_no_model_is_refused(model):
    with pytest.raises(TypeError, match="must be a keras"):
        explain(model)


@pytest.mark.parametrize(
    "message, explained",
    [("Incompatible shapes: [8,1] vs. [16,1]", True), ("No such file", False)],
)
def test_what_is_explained(message, explained):
    assert is_explained(ValueError(message)) is explained

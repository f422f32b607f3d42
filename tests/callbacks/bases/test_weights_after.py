"""Callbacks that change weights behind another one."""

import keras
import pytest

from keras_trainkit.callbacks.bases.weights_after import refuse_later_weights

pytestmark = pytest.mark.one_backend


class Acts(keras.callbacks.Callback):
    def __init__(self, swaps=True):
        super().__init__()
        self.swaps, self.begun = swaps, False

    def on_train_begin(self, logs=None):
        refuse_later_weights(self, self.swaps)
        self.begun = True


def stops(restores):
    return keras.callbacks.EarlyStopping(restore_best_weights=restores)


SWAP = keras.callbacks.SwapEMAWeights
CASES = {
    "restores behind": (lambda: [Acts(), stops(True)], True),
    "restores before": (lambda: [stops(True), Acts()], False),
    "only stops": (lambda: [Acts(), stops(False)], False),
    "swaps behind": (lambda: [Acts(), SWAP()], True),
    "swaps do not matter": (lambda: [Acts(swaps=False), SWAP()], False),
    "swaps before": (lambda: [SWAP(), Acts()], False),
    "in a list of its own": (
        lambda: [Acts(), keras.callbacks.CallbackList([stops(True)])],
        True,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_comes_behind(case):
    make, refused = CASES[case]
    callbacks = keras.callbacks.CallbackList(make())
    [acts] = [one for one in callbacks.callbacks if isinstance(one, Acts)]
    if refused:
        with pytest.raises(ValueError, match="List Acts behind it"):
            callbacks.on_train_begin()
    else:
        callbacks.on_train_begin()
    assert acts.begun != refused


def test_driven_by_hand_it_has_no_siblings():
    acts = Acts()
    acts.on_train_begin()
    assert acts.begun

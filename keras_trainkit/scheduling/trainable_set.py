"""An optimizer and compiled steps that follow what is trainable."""

from keras_trainkit.backend.optimizer import slots
from keras_trainkit.backend.training.inference_functions import (
    keep_inference_functions,
)
from keras_trainkit.backend.training.kept_steps import forget_compiled_steps
from keras_trainkit.backend.training.kept_steps import kept_steps
from keras_trainkit.backend.training.train_function import is_compiled_by_hand
from keras_trainkit.backend.training.train_function import renew_carried_state
from keras_trainkit.scheduling.active_fit import active_fit


def build_optimizer(model):
    """Builds an optimizer that is not built yet, as a first step would.

    So one that cannot be re-formed is refused before it has trained.

    Args:
        model: A compiled and built `keras.Model`.
    """
    if not model.optimizer.built:
        slots.build_over_what_trains(model)


def reform_optimizer(model):
    """Fits the optimizer and the compiled steps to the trainable variables.

    A train step that was compiled for the same trainable set before is used
    again; the test and predict functions stay.

    Slots, counters and hyperparameters of variables that stay trainable are
    kept; new variables start as in a new optimizer, an average of weights
    (`use_ema`) at the weight. An optimizer that is not built yet stays so.

    Args:
        model: A `keras.Model`, compiled or not; between epochs if it is in
            `fit`.

    Raises:
        ValueError: When the optimizer keeps variables that cannot be told
            apart by model variable, or the `train_step` is compiled by hand;
            nothing is changed then.
    """
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None or not optimizer.built:
        forget_compiled_steps(model)
        return
    _refuse_compiled_by_hand(model)
    run = active_fit(model)
    if run is not None:
        run.optimizer.follow(lambda: slots.form_over_what_trains(model))
        run.follow_model()
    else:
        kept = kept_steps(model)
        slots.form_over_what_trains(model)
        if model.train_function is not None:
            kept.put_plain_anew()
    renew_carried_state(model)
    keep_inference_functions(model)


def _refuse_compiled_by_hand(model):
    if is_compiled_by_hand(model):
        raise ValueError(
            "Expected a `train_step` that Keras compiles, where layers are "
            "frozen or unfrozen after the optimizer was built. Received: one "
            "that is decorated (`tf.function`, `jax.jit`) and would keep the "
            "optimizer's old variables. Take the decorator off: `fit` "
            "compiles the step."
        )

"""Building a model on the data that a `fit` has in hand."""

import keras

from keras_trainkit.backend.model.layers import is_built
from keras_trainkit.kernels.argument_checks import bad_value


def built_in_first_step():
    """Whether `fit` builds a model in its first step, after `on_train_begin`.

    TensorFlow's does, by tracing the step; the others build before
    (`_symbolic_build` in keras/src/backend/jax/trainer.py, torch/trainer.py).
    """
    return keras.backend.backend() == "tensorflow"


def build_from(model, iterator):
    """Builds what of `model` and its metrics is not built yet.

    No batch is drawn: what the iterator tells of its elements is enough.
    `_symbolic_build`: keras/src/trainers/trainer.py

    Args:
        model: A compiled `keras.Model`.
        iterator: What TensorFlow's `fit` calls its train function with.

    Raises:
        ValueError: Where the data does not tell how many dimensions it has.
    """
    import tensorflow as tf

    batch = tf.nest.map_structure(_symbolic, iterator.element_spec)
    with model.distribute_strategy.scope():
        model._symbolic_build(data_batch=batch)


def _symbolic(spec):
    # What each of several replicas gets: tensorflow/python/distribute/values.py
    spec = getattr(spec, "_value_specs", (spec,))[0]
    if spec.shape.rank is None:
        raise bad_value(
            "x",
            spec,
            "data of a known number of dimensions where the model is not "
            "built before `fit`",
            "Call the model on a batch of data first, or give the generator "
            "an `output_signature`.",
        )
    return keras.KerasTensor(tuple(spec.shape), dtype=spec.dtype.name)


def is_fully_built(model):
    """Whether the layers, metrics and losses of a model have their variables.

    `_compile_metrics`, `_compile_loss`: keras/src/trainers/trainer.py

    Args:
        model: A compiled `keras.Model`.
    """
    parts = (model._compile_metrics, model._compile_loss)
    return is_built(model) and all(
        part.built for part in parts if part is not None
    )

"""A note on errors about shapes: which layers the numbers belong to."""

import contextlib

import keras

from keras_trainkit.backend.model.failed_calls import came_through_keras
from keras_trainkit.diagnostics.shape_errors import read_fed
from keras_trainkit.diagnostics.shape_errors import read_inputs
from keras_trainkit.diagnostics.shape_errors import read_merges
from keras_trainkit.diagnostics.shape_errors import read_products
from keras_trainkit.diagnostics.shape_errors import read_shapes
from keras_trainkit.diagnostics.shape_errors import read_targets
from keras_trainkit.diagnostics.shape_errors import read_values
from keras_trainkit.diagnostics.shape_errors.scene import Scene
from keras_trainkit.diagnostics.shape_errors.sizes import lines_about
from keras_trainkit.diagnostics.shape_errors.sizes import to_tell_apart
from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.kernels.error_messages import is_about_shapes
from keras_trainkit.kernels.error_messages import is_none_used
from keras_trainkit.kernels.error_messages import sizes_in

# The more special ones come first.
_READERS = (
    *read_inputs.READERS,
    *read_fed.READERS,
    *read_merges.READERS,
    *read_shapes.READERS,
    *read_values.READERS,
    *read_products.READERS[:3],
    *read_targets.READERS,
    *read_products.READERS[3:],
)
_NEVER = (
    AttributeError,
    ImportError,
    KeyError,
    MemoryError,
    NameError,
    OSError,
    StopIteration,
)
_MOST_SIZES = 5


class explain(contextlib.ContextDecorator):
    """Says of an error about shapes or dtypes what its numbers belong to.

    For the moment in which a backend says that 32x6 and 5x3 cannot be
    multiplied. An error that is raised inside the `with` block goes on as it
    is, the same object with the same traceback, and gets a note: which layers,
    weights and arrays have the sizes in its message, which of them is the
    batch size or that of the smaller last batch, and the nearest repair.
    Layers have the names that you gave them. Where two layers have the same
    size, the note says which one to change to tell them apart. Errors about
    anything else go through without a note. It costs nothing as long as
    nothing is raised.

    It works around building a model, calling it and `fit`, on every backend,
    and as a decorator of a function.

    Args:
        model: The `keras.Model` in question. Defaults to `None`: the one whose
            method fails, else those in the variables of the code that fails.

    Raises:
        TypeError: If `model` is not a Keras model.

    Example:

    >>> model = keras.Sequential(
    ...     [keras.Input((784,)), keras.layers.Dense(10, name="scores")]
    ... )
    >>> try:
    ...     with ktk.diagnostics.explain():
    ...         model(np.ones((5, 28, 28)))
    ... except ValueError as error:
    ...     print(error.__notes__[-1].splitlines()[-1])
    Nearest repair: (28, 28) are 784 values a row: write x.reshape(len(x), -1),
    or keras.Input((28, 28)) and keras.layers.Flatten() behind it.
    """

    def __init__(self, model=None):
        if model is not None and not isinstance(model, keras.Model):
            raise bad_type("model", model, "a keras.Model or None")
        self.model = model

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if isinstance(error, Exception) and is_explained(error):
            note = _note_or_reason(error, self.model)
            if note:
                error.add_note(note)
        return False


def is_explained(error):
    """Whether an exception is about shapes, sizes or dtypes."""
    told = getattr(error, "__notes__", ())
    known = any(note.startswith(_HEAD) for note in told)
    never = isinstance(error, _NEVER) and not is_none_used(str(error))
    return not never and not known and is_about_shapes(str(error))


_HEAD = "What the numbers belong to (keras_trainkit):"


def _note_or_reason(error, model):
    """Returns the note; the user's error must not give way to one of ours."""
    try:
        return note_on(error, model)
    except Exception as own:
        return f"{_HEAD} no note, as {type(own).__name__} was raised: {own}"


def note_on(error, model=None):
    """Returns what there is to say about an error, or `""`.

    Args:
        error: An exception about shapes or dtypes.
        model: As for `explain`.
    """
    scene = Scene(error, model)
    if not scene.layers and not came_through_keras(error):
        return ""  # An error of NumPy, say, in which Keras has no part.
    reading = next(filter(None, (reader(scene) for reader in _READERS)), None)
    sizes = sizes_in(scene.text)[:_MOST_SIZES]
    lines = lines_about(scene, sizes)
    if reading is None and not lines:
        return ""
    parts = [_HEAD]
    if reading is not None:
        parts.append(f"Cause: {reading.what}.")
    elif scene.layer is not None:
        parts.append(f"The layer is {scene.path(scene.layer)!r}.")
    parts += lines
    apart = to_tell_apart(scene, sizes if reading is None else reading.sizes)
    parts += [apart] if apart else []
    if reading is not None:
        parts.append(f"Nearest repair: {reading.repair}")
    return "\n".join(parts)

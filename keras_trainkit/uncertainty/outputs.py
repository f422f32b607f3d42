"""The names of a model's outputs, and what is known of each."""

import dataclasses

import keras

from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_choice
from keras_trainkit.kernels.probability.prediction_kind import KINDS
from keras_trainkit.kernels.probability.prediction_kind import kind_of_logits

_CHOICES = ("auto", *KINDS)


@dataclasses.dataclass(frozen=True)
class OutputSettings:
    """The kind of each output, and whether it is logits.

    Attributes:
        names: Tuple of the model's own names for its outputs, or `()`.
        kind: One of `KINDS` or `"auto"`, or a tuple of pairs
            `(output name, kind)`.
        from_logits: Boolean, or a tuple of pairs `(output name, boolean)`.
    """

    names: tuple
    kind: object
    from_logits: object

    def __call__(self, outputs):
        """Returns a pair `(kind, from_logits)` for each of `outputs`."""
        names = output_names(outputs, self.names)
        self._refuse_unknown(names)
        leaves = keras.tree.flatten(outputs)
        _refuse_scalars(names, leaves)
        return list(map(self._of, names, map(classes_of, leaves)))

    def _of(self, name, classes):
        kind = _chosen(self.kind, name, "auto")
        if not _chosen(self.from_logits, name, False):
            return kind, False
        _refuse_logits_of_numbers(kind, True)
        return kind_of_logits(kind, classes), True

    def _refuse_unknown(self, names):
        for argument in ("kind", "from_logits"):
            value = getattr(self, argument)
            given = [n for n, _ in value] if isinstance(value, tuple) else []
            if set(given) - set(names):
                raise bad_value(
                    argument,
                    dict(value),
                    f"one value, or one for names of outputs among {names}",
                )


def output_settings(names, kind, from_logits):
    """Returns the `OutputSettings` that the arguments of `mc_predict` ask for.

    Args:
        names: The model's own names for its outputs, or `None`.
        kind: As `mc_predict` takes it.
        from_logits: As `mc_predict` takes it.

    Raises:
        ValueError: If an argument is none of the choices, or if logits of a
            regression are asked for.
        TypeError: If an argument is of another type than the choices.
    """
    kinds = kind.values() if isinstance(kind, dict) else [kind]
    for one in kinds:
        require_choice("kind", one, _CHOICES)
    logits = (
        from_logits.values() if isinstance(from_logits, dict) else [from_logits]
    )
    for one in logits:
        require_choice("from_logits", one, (True, False))
    _refuse_logits_of_numbers(kind, from_logits)
    names = tuple(names or ())
    return OutputSettings(names, _hashable(kind), _hashable(from_logits))


def classes_of(output):
    """Returns the size of the last axis of a batch of outputs, 1 if none."""
    return output.shape[-1] if len(output.shape) > 1 else 1


def output_names(outputs, known):
    """Returns a name for each output, in the order of `keras.tree.flatten`.

    Args:
        outputs: Structure of a model's outputs.
        known: The model's own names for its outputs, as many as there are,
            or `()`.

    Returns:
        List of strings: the keys of a dictionary, else the model's names,
        else `output_0`, `output_1`, ...; a name that comes again gets a
        number.
    """
    paths = [path for path, _ in keras.tree.flatten_with_path(outputs)]
    if isinstance(outputs, dict):
        names = ["/".join(map(str, path)) for path in paths]
    elif len(known) == len(paths):
        names = list(known)
    else:
        names = [f"output_{place}" for place in range(len(paths))]
    counted = {}
    for place, name in enumerate(names):
        counted[name] = counted.get(name, -1) + 1
        if counted[name]:
            names[place] = f"{name}_{counted[name]}"
    return names


def _refuse_scalars(names, outputs):
    for name, output in zip(names, outputs, strict=True):
        if not len(output.shape):
            raise bad_value(
                "model",
                f"a model whose output {name!r} is of shape ()",
                "a model whose outputs have a first axis, one entry for each "
                "row",
                "Leave out the reduction over the batch.",
            )


def _refuse_logits_of_numbers(kind, from_logits):
    if kind == "regression" and from_logits is True:
        raise bad_value(
            "from_logits",
            from_logits,
            "`False` for a regression",
            "Its outputs are numbers, not probabilities.",
        )


def _chosen(value, name, default):
    return dict(value).get(name, default) if isinstance(value, tuple) else value


def _hashable(value):
    return tuple(sorted(value.items())) if isinstance(value, dict) else value

"""A check of a model, and of a sample of its data, before training."""

from keras_trainkit.backend.model.layers import calls_forgotten
from keras_trainkit.diagnostics.facts.data.sampled_arrays import (
    require_readable,
)
from keras_trainkit.diagnostics.facts.subject import Subject
from keras_trainkit.diagnostics.facts.summary import layer_table
from keras_trainkit.diagnostics.facts.summary import summary
from keras_trainkit.diagnostics.report import Report
from keras_trainkit.diagnostics.report import require_codes
from keras_trainkit.diagnostics.rules.registry import rules
from keras_trainkit.kernels.argument_checks import bad_type


def check_model(
    model,
    x=None,
    y=None,
    *,
    batch_size=None,
    epochs=None,
    validation_data=None,
    overfit=False,
    select=None,
    ignore=None,
):
    """Names what keeps a network from learning, before it is trained.

    Reads the layers, what the model is compiled with and, if given, a sample
    of the data, and runs one forward and backward pass on a small batch of
    it. Nothing is trained and nothing is changed, bit for bit. Every rule is
    explained in docs/checks.md, with an example that it is about and the same
    one repaired.

    Precision comes before reach: what sound networks do, too, is `"advice"`
    at most.

    Args:
        model: A `keras.Model`, compiled if possible: what is compared with
            loss and optimizer is skipped otherwise. One that is not built
            needs `x`, and is checked as a copy; a subclassed one without a
            `get_config` is built, as `fit` would build it.
        x: Inputs as for `fit`: an array, or a list or dict of arrays, or a
            dataset, of which the first batches are read. Give all rows, or
            `epochs` of as many updates: rows are counted. Defaults to `None`:
            what needs data is skipped.
        y: Targets as for `fit`. Defaults to `None`.
        batch_size: Integer, that of `fit`. Defaults to `None`: not known; 32
            is assumed where a number is needed.
        epochs: Integer, those of `fit`. Defaults to `None`: not known.
        validation_data: Tuple `(x, y)` of arrays: is it apart from `x`?
            Defaults to `None`.
        overfit: Whether to train a copy on one small batch, some hundred
            steps: a network that can learn anything can learn that. Defaults
            to `False`.
        select: List of codes or their beginnings, such as `["L", "A101"]`:
            only these. Defaults to `None`: all.
        ignore: List of codes or their beginnings to leave out. Defaults to
            `None`: none.

    Returns:
        A `Report`.

    Raises:
        ValueError: If the model is not built and there is no `x`, or for
            codes that do not exist.
        TypeError: For arguments of another type.

    Example:

    >>> model = keras.Sequential(
    ...     [
    ...         keras.Input((4,)),
    ...         keras.layers.Dense(8, activation="relu"),
    ...         keras.layers.Dense(3, activation="softmax", name="head"),
    ...     ]
    ... )
    >>> loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    >>> model.compile("adam", loss)
    >>> report = ktk.diagnostics.check_model(model)
    >>> report.most_likely.topic, report.most_likely.where
    ('loss', 'head')

    Reference:

    - [Zhang et al., 2021](https://arxiv.org/abs/2104.14210) (symptoms and
      their repairs)
    - [Nikanjam et al., 2021](https://arxiv.org/abs/2105.08095) (rules on the
      model's graph)
    """
    for name, codes in (("select", select), ("ignore", ignore)):
        if codes is not None:
            require_codes(name, codes)
    if validation_data is not None:
        pair = isinstance(validation_data, (tuple, list))
        if not pair or len(validation_data) not in (2, 3):
            raise bad_type("validation_data", validation_data, "a tuple (x, y)")
        # The third are weights, which may be missing.
        weighted = len(validation_data) == 3 and validation_data[2] is not None
        for part in validation_data[: 3 if weighted else 2]:
            require_readable("validation_data", part)
    subject = Subject(model, x, y, batch_size, epochs, validation_data, overfit)
    wanted = [one for one in rules() if _wanted(one.code, select, ignore)]
    with calls_forgotten(model):
        found = [finding for one in wanted for finding in one.findings(subject)]
        return Report(found, summary(subject), layers=layer_table(subject))


def _wanted(code, select, ignore):
    selected = select is None or code.startswith(tuple(select))
    ignored = ignore is not None and code.startswith(tuple(ignore))
    return selected and not ignored

"""Pretraining one layer after the other."""

from typing import NamedTuple

import keras
import numpy as np

from keras_trainkit.backend.devices.distribution import refuse_processes
from keras_trainkit.backend.devices.distribution import variable_scope
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.argument_checks import require_integer
from keras_trainkit.pretraining.autoencode import autoencode
from keras_trainkit.pretraining.autoencode import ending_for
from keras_trainkit.pretraining.autoencode import require_corruption
from keras_trainkit.pretraining.encoders import input_shape_of
from keras_trainkit.pretraining.encoders import require_model
from keras_trainkit.pretraining.encoders import require_rows
from keras_trainkit.pretraining.encoders import require_trainable
from keras_trainkit.pretraining.layer_chain import chain_of
from keras_trainkit.pretraining.layer_chain import shapes_along
from keras_trainkit.pretraining.mirrored_decoder import mirror_of
from keras_trainkit.pretraining.mirrors import REPEATED
from keras_trainkit.pretraining.training_run import optimizer_from
from keras_trainkit.pretraining.training_run import require_fit_arguments
from keras_trainkit.pretraining.training_run import require_loss


def stacked(
    encoder,
    x,
    corrupt=None,
    loss="mse",
    optimizer="adam",
    epochs=10,
    fine_tune_epochs=0,
    validation_data=None,
    **fit_arguments,
):
    """Trains `encoder` without labels, greedily: one layer after the other.

    Each layer with weights, with what follows it up to the next one
    (normalisation, activation, pooling), is an autoencoder of what the layers
    below it return, under a mirrored decoder of its own; those below are not
    trained any more then. This was how deep networks could be trained at
    first; with today's initialisation and normalisation `autoencode`, which
    trains all layers at once, is usually as good and less work. It is worth a
    try where a deep encoder does not train at once, or does not fit.

    ```
    h_0 = x;   h_k = layer_k(h_(k-1))
    layer k: mean over rows of loss(h_(k-1), decoder_k(layer_k(h_(k-1))))
    ```

    A layer that is frozen is passed over. Flags and whether the encoder is
    compiled do not change. An exception or interrupt leaves it with the
    weights of that moment. The outputs of a layer are held in memory while
    the next one is trained.

    Args:
        encoder: A built Sequential or functional `keras.Model`, a chain of
            layers that `mirrored_decoder` knows. It is trained in place.
        x: An array of inputs.
        corrupt: As for `autoencode`; what each layer gets instead of its
            inputs. Defaults to `None`.
        loss: The loss of the first layer and of the fine-tuning, which
            predict `x`; what lies between layers is measured by `"mse"`.
            Defaults to `"mse"`.
        optimizer: A Keras optimizer that has trained nothing yet, or a name;
            each layer is trained by a new one like it. Defaults to `"adam"`.
        epochs: Integer of at least 1, for each layer. Defaults to 10.
        fine_tune_epochs: Integer; for so many epochs all layers are trained
            together afterwards, with the decoders one behind the other.
            Defaults to 0.
        validation_data: An array of further inputs. Defaults to `None`.
        **fit_arguments: As for `autoencode`.

    Returns:
        `encoder`, trained. Its attribute `history` is a
        `keras.callbacks.History` of all epochs; the list
        `encoder.history.stages` has the history of each layer, and of the
        fine-tuning.

    Raises:
        ValueError: As `autoencode`; also if a layer stands in the encoder
            twice, or `corrupt` does not fit the inputs of a layer. All this
            is known before anything is trained.
        TypeError: As `autoencode`; also if `x` is no array.

    Example:

    >>> keras.utils.set_random_seed(0)
    >>> encoder = keras.Sequential(
    ...     [
    ...         keras.Input((8,)),
    ...         keras.layers.Dense(6, activation="tanh"),
    ...         keras.layers.Dense(3, activation="tanh"),
    ...     ]
    ... )
    >>> x = np.random.normal(size=(64, 8)).astype("float32")
    >>> same = ktk.pretraining.stacked(encoder, x, epochs=2, verbose=0)
    >>> [len(stage.epoch) for stage in encoder.history.stages]
    [2, 2]

    Reference:

    - [Bengio et al.,
      2006](https://papers.nips.cc/paper/2006/hash/5da713a690c067105aeb2fae32403405-Abstract.html)
    - [Vincent et al., 2010](https://jmlr.org/papers/v11/vincent10a.html)
    """
    require_fit_arguments(epochs, fit_arguments)
    require_integer("fine_tune_epochs", fine_tune_epochs, least=0)
    require_loss(loss)
    require_model("encoder", encoder)
    require_trainable("encoder", encoder)
    refuse_processes(
        "stacked", "the predictions of Keras's `predict` cannot be read there"
    )
    for name, rows in (("x", x), ("validation_data", validation_data)):
        if rows is not None or name == "x":
            require_rows(name, rows, _WHY_ARRAYS)
    shape = input_shape_of(encoder, x.shape[1:])
    optimizer = optimizer_from(optimizer)
    with variable_scope(encoder):
        stages = _stages(encoder, shape, corrupt, loss)
    histories = _greedy(
        stages,
        {"x": x, "validation_data": validation_data},
        optimizer,
        corrupt=corrupt,
        epochs=epochs,
        **fit_arguments,
    )
    if fine_tune_epochs:
        with variable_scope(encoder):
            decoder = _one_behind_the_other(stages)
        autoencode(
            encoder,
            x,
            decoder,
            corrupt,
            loss,
            _like(optimizer, encoder),
            fine_tune_epochs,
            validation_data,
            **fit_arguments,
        )
        histories.append(encoder.history)
    encoder.history = _continued(histories)
    return encoder


class Part(keras.Model):
    """A layer with weights and what follows it, as a model of its own.

    Not a Sequential one: that would add nodes to the layers.

    Args:
        layers: A chain of built layers.
    """

    def __init__(self, layers):
        super().__init__(autocast=False)
        self.chain = list(layers)
        self.built = True

    def call(self, inputs, training=False):
        """Runs the layers."""
        for layer in self.chain:
            inputs = layer(inputs, training=training)
        return inputs


class _Stage(NamedTuple):
    part: Part
    decoder: keras.Model
    loss: object


def _stages(encoder, shape, corrupt, loss):
    """Returns what is to be trained in turn."""
    chain = chain_of(encoder, "`autoencode` with a decoder takes any model.")
    if len({id(layer) for layer in chain}) < len(chain):
        raise bad_value(
            "encoder",
            encoder.name,
            "a chain in which each layer stands once",
            "`autoencode` trains all layers at once.",
        )
    found = []
    for layers in _grouped(chain):
        part = Part(layers)
        require_corruption(corrupt, loss, shape)
        decoder = mirror_of(layers, shape, ending_for(loss))
        found.append(_Stage(part, decoder, loss))
        shape, loss = shapes_along(layers, shape)[-1], "mse"
    return found


def _grouped(chain):
    """Cuts a chain before each layer with a kernel, but for the first one."""
    groups = [[]]
    for layer in chain:
        begun = any(_has_kernel(one) for one in groups[-1])
        if _has_kernel(layer) and begun:
            groups.append([])
        groups[-1].append(layer)
    return groups


def _has_kernel(layer):
    return bool(layer.weights) and not isinstance(layer, REPEATED)


def _greedy(stages, data, optimizer, **arguments):
    """Trains each stage on the outputs of those before; returns histories."""
    found = []
    for stage in stages:
        if stage.part.trainable_weights:
            autoencode(
                stage.part,
                decoder=stage.decoder,
                loss=stage.loss,
                optimizer=_like(optimizer, stage.part),
                **data,
                **arguments,
            )
            found.append(stage.part.history)
        if stage is not stages[-1]:
            rows = arguments.get("batch_size") or _BATCH_SIZE
            data = {
                name: None if x is None else _outputs(stage.part, x, rows)
                for name, x in data.items()
            }
    return found


def _outputs(part, x, rows):
    return np.asarray(part.predict(x, batch_size=rows, verbose=0), "float32")


def _like(optimizer, model):
    with variable_scope(model):
        return type(optimizer).from_config(optimizer.get_config())


def _one_behind_the_other(stages):
    """Returns a decoder made of the decoders, the last one's first."""
    decoders = [stage.decoder for stage in reversed(stages)]
    return keras.Sequential(
        [keras.Input(decoders[0].input_shape[1:]), *decoders]
    )


def _continued(histories):
    """Returns one history of several, which are its `stages`."""
    found = keras.callbacks.History()
    found.stages, found.history, found.epoch = histories, {}, []
    for one in histories:
        found.epoch += [len(found.epoch) + n for n in range(len(one.epoch))]
        for name, values in one.history.items():
            found.history.setdefault(name, []).extend(values)
    return found


# As in `predict`.
_BATCH_SIZE = 32

_WHY_ARRAYS = (
    "Each layer is trained on what the one below returns for all of them. "
    "`autoencode` takes datasets."
)

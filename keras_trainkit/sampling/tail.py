"""What each sample computes anew: the rest of a model, with dropout on."""

import weakref

import keras

from keras_trainkit.backend.model.graph_nodes import mask_of
from keras_trainkit.backend.randomness.foreign_draws import ForeignDraws
from keras_trainkit.backend.randomness.lent_randomness import drawing_from
from keras_trainkit.backend.randomness.random_masks import Draws
from keras_trainkit.backend.randomness.random_masks import as_key
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.models.graph import run
from keras_trainkit.sampling.switched_layers import dropping


class DrawnTooEarly(Exception):
    """A layer before the first that drops draws numbers, too.

    Attributes:
        layer: The layer.
    """

    def __init__(self, layer):
        super().__init__(layer.name)
        self.layer = layer


def head_values(plan, x, xla, watch):
    """Returns what the tail starts from, as pairs `(value, mask)`.

    Args:
        plan: A `SamplePlan`.
        x: The batch, as the model takes it.
        xla: Whether XLA compiles this.
        watch: Whether to look for draws past `keras.random`, too.

    Raises:
        DrawnTooEarly: If a step draws.
    """
    values, draws = {0: x}, Draws(as_key(0), xla)
    foreign = ForeignDraws() if watch else None
    with drawing_from(draws):
        for step in plan.head:
            run([step], values)
            if draws.count or (watch and foreign.seen()):
                raise DrawnTooEarly(step.operation)
    found = [values[ref] for ref in plan.frontier]
    return [(one, mask_of(one)) for one in found]


class Tail:
    """The steps of a plan that each sample computes.

    Args:
        model: The model, to name it in errors; it is not kept alive.
        plan: Its `SamplePlan`.
        switched: The layers that drop.
        active: Those of them that have to draw where they are called.
        modes: `{layer: training}` of other layers, see `dropping`.
        settings: As for `MonteCarlo`.
        structure: The structure of the outputs at inference, if it is known.

    Attributes:
        structure: The structure of the outputs; known, as `settled`, after a
            call.
        settled: List of a pair `(kind, from_logits)` for each output.
    """

    def __init__(
        self, model, plan, switched, active, modes, settings, structure
    ):
        self._model = weakref.ref(model)
        self._plan = plan
        rest = plan.layers_of_rest()
        self._switched = switched
        self._required = [
            layer for layer in active if rest is None or layer in rest
        ]
        self._modes, self._settings = modes, settings
        self.structure, self.settled = structure, None

    def __call__(self, frontier, copies, draws):
        """Returns the outputs for `copies` of a batch, one below the other.

        Args:
            frontier: As `head_values` returns it.
            copies: Integer, 1 unless the plan `repeats`.
            draws: A `Draws`.

        Returns:
            Flat list of tensors.
        """
        values = self._plan.copies(frontier, copies, draws)
        modes = list(self._modes.items())
        with dropping(self._switched, draws, modes, self._required):
            run(self._plan.rest, values)
            outputs = self._structured(values)
            self._settle_structure(outputs)
        self.settled = self._settings(outputs)
        return keras.tree.flatten(outputs)

    def _structured(self, values):
        if self._plan.structure is None:
            return values[self._plan.outputs[0]]
        return keras.tree.map_structure(values.get, self._plan.structure)

    def _settle_structure(self, outputs):
        structure = keras.tree.map_structure(lambda _: 0, outputs)
        if self._modes and structure != self.structure:
            raise bad_value(
                "model",
                self._model().name,
                "a model whose outputs have the same structure at inference "
                "and in training mode, where its dropout is called in "
                "training mode only",
                "Call its dropout layers whatever `training` is.",
            )
        self.structure = structure

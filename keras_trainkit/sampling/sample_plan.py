"""What of a model each sample computes anew, and how many samples at once."""

import math

import keras

from keras_trainkit.backend.model.graph_nodes import set_mask
from keras_trainkit.models.graph import Steps
from keras_trainkit.models.graph import reached
from keras_trainkit.models.graph import split
from keras_trainkit.sampling.row_independence import can_be_repeated
from keras_trainkit.sampling.row_independence import rows_are_independent
from keras_trainkit.sampling.switched_layers import dropped_copies
from keras_trainkit.sampling.switched_layers import drops_everything
from keras_trainkit.sampling.switched_layers import drops_plainly

# Elements of the largest tensor: what a CPU's caches hold, and a small part of
# an accelerator's memory.
BUDGET = {"cpu": 2**22, "other": 2**26}


class SamplePlan:
    """The graph of a model, cut before the first layer that draws.

    Args:
        model: A `keras.Model` that is built.
        switched: The layers of it that drop, whatever their rate.
        active: Those layers of it whose draws differ from sample to sample.

    Attributes:
        head: The steps that are computed once a batch.
        tail: The steps that each sample computes.
        frontier: References to the values that lead from the one to the other.
        outputs: References to the outputs of the model.
        structure: Its outputs with references in place of tensors, or `None`.
        repeats: Whether samples go through the tail as one large batch.
        fills: Whether rows that are added to a batch change no other.
    """

    def __init__(self, model, switched, active):
        graph = Steps(model)
        self.outputs, self.structure = graph.outputs, graph.structure
        self._active, self._switched = _ids(active), _ids(switched)
        random = self._active | self._switched
        self.head, self.tail, self.frontier = split(
            graph.steps, lambda step: self._holds(step, random), graph.outputs
        )
        repeatable = {
            ref
            for step in graph.steps
            for ref, spec in zip(step.outputs, step.specs, strict=False)
            if can_be_repeated(step, spec)
        }
        self.repeats = all(map(rows_are_independent, self.tail)) and (
            repeatable.issuperset(self.frontier)
        )
        self.fills = self.repeats and all(map(rows_are_independent, self.head))
        self._first = list(filter(self._copies_its_input, self.tail))
        self.rest = [step for step in self.tail if step not in self._first]
        self._sizes = [
            spec.shape[1:] for step in self.tail for spec in step.specs
        ]

    def varies(self):
        """Whether a draw reaches an output, as far as the graph tells.

        Nothing passes a dropout with a rate of 1. What a layer or a model
        that is not a graph does inside is not known; it is taken to pass on
        what it draws and gets.
        """
        found = reached(
            self.tail,
            lambda step: self._holds(step, self._active),
            lambda step: drops_everything(step.operation),
        )
        return bool(found.intersection(self.outputs))

    def stops_inside(self, layers):
        """Returns those of `layers` that are inside of other layers or code.

        Args:
            layers: Layers with a rate of 1. Of those that are steps of the
                graph, `varies` knows what they stop.
        """
        known = {
            id(step.operation)
            for step in self.tail
            if drops_everything(step.operation)
        }
        return [layer for layer in layers if id(layer) not in known]

    def layers_of_rest(self):
        """Returns the layers in `rest`, `None` if nobody knows them all."""
        if self.structure is None:
            return None
        return [layer for step in self.rest for layer in step.layers]

    def chunk(self, frontier, samples, on_cpu):
        """Returns how many samples are taken at a time.

        Args:
            frontier: List of pairs `(value, mask)`, one for each reference.
            samples: Integer, how many are asked for.
            on_cpu: Whether they are computed on a CPU.
        """
        if not self.repeats:
            return 1
        values = [value for value, _ in frontier]
        rows = values[0].shape[0]
        known = [size for value in values for size in value.shape[1:]]
        # Of what is unknown until a run, such as the length of a sentence,
        # the longest there is.
        unknown = max(known, default=1)
        sizes = [math.prod(value.shape[1:]) for value in values]
        sizes += [
            math.prod(unknown if n is None else n for n in shape)
            for shape in self._sizes
        ]
        budget = BUDGET["cpu" if on_cpu else "other"]
        return chunk_size(samples, samples_that_fit(rows * max(sizes), budget))

    def copies(self, frontier, chunk, draws):
        """Returns the values that `rest` starts from, for `chunk` samples.

        Args:
            frontier: As for `chunk`.
            chunk: Integer, how many samples are computed at once.
            draws: A `Draws`.

        Returns:
            Dictionary of tensors by reference.
        """
        given = dict(zip(self.frontier, frontier, strict=True))
        made = {}
        for step in self._first:
            (source,), (target,) = step.inputs, step.outputs
            value, mask = given[source]
            dtype = step.operation.compute_dtype
            if keras.backend.standardize_dtype(value.dtype) != dtype:
                value = keras.ops.cast(value, dtype)
            copies = dropped_copies(step.operation, draws, value, chunk)
            made[target] = copies, mask
        read = {ref for step in self.rest for ref in step.inputs}
        for ref in read.union(self.outputs).intersection(given):
            made[ref] = repeated(given[ref][0], chunk), given[ref][1]
        for value, mask in made.values():
            if mask is not None:
                set_mask(value, repeated(mask, chunk))
        return {ref: value for ref, (value, _) in made.items()}

    def _holds(self, step, wanted):
        if self.structure is None:
            return True
        return any(id(layer) in wanted for layer in step.layers)

    def _copies_its_input(self, step):
        """Dropout right behind the frontier makes its own copies of it."""
        return (
            self.repeats
            and set(step.inputs) <= set(self.frontier)
            and id(step.operation) in self._switched
            and drops_plainly(step.operation)
        )


def repeated(value, count):
    """Returns `count` copies of a batch, one below the other."""
    if count == 1:
        return value
    shape = tuple(value.shape)
    value = keras.ops.broadcast_to(value[None], (count, *shape))
    return keras.ops.reshape(value, (count * shape[0], *shape[1:]))


def parted(value, count):
    """Returns what `repeated` put together, with an axis for the copies."""
    if count == 1:
        return value[None]
    shape = tuple(value.shape)
    return keras.ops.reshape(value, (count, shape[0] // count, *shape[1:]))


def chunk_size(samples, most):
    """Returns the size of the chunks in which to take `samples`.

    Of the sizes between `most / 2` and `most`, that with the fewest samples
    beyond those asked for in the last chunk; of these, the largest.

    Args:
        samples: Integer of at least 1.
        most: Integer of at least 1, how many fit at a time.

    Returns:
        Integer in [1, min(samples, most)].
    """
    most = min(samples, most)
    least = (most + 1) // 2
    return max(range(least, most + 1), key=lambda n: (-(-samples % n), n))


def samples_that_fit(elements, budget):
    """Returns how many samples of `elements` each fit into `budget` elements.

    Args:
        elements: Integer, the size of the largest tensor of one sample.
        budget: Integer, how many elements of such a tensor may be held.

    Returns:
        Integer of at least 1: a single sample always fits.
    """
    return max(1, budget // max(1, elements))


def _ids(things):
    return set(map(id, things))

"""Masks of pruned weights, computed and applied in the compiled step."""

import math

import keras
import numpy as np

from keras_trainkit.backend.model.tensors import to_numpy
from keras_trainkit.backend.optimizer import anatomy
from keras_trainkit.backend.optimizer.averages import averages_of
from keras_trainkit.backend.optimizer.traced_number import is_traced
from keras_trainkit.backend.training.batch_loss import batches_counted
from keras_trainkit.backend.training.carried_state import make_variable
from keras_trainkit.backend.training.carried_state import read_number
from keras_trainkit.backend.training.followed_step import followed_by
from keras_trainkit.backend.training.pruned_marks import make_mark
from keras_trainkit.backend.training.pruned_marks import mark_when
from keras_trainkit.backend.training.pruned_marks import read_mark
from keras_trainkit.backend.training.pruned_marks import write_mark
from keras_trainkit.backend.training.pruned_marks import zero_marked
from keras_trainkit.compression.structured import counts_of
from keras_trainkit.compression.structured import masks_of
from keras_trainkit.kernels.sparsity.course import is_due


class PruningMasks:
    """An instrument of a train step: what is pruned is 0 after each step.

    Which weights are, how many are to be and when, the step reads as data. A
    weight that does not train is left alone while it does not.

    Args:
        model: A compiled and built `keras.Model`, its optimizer built.
        kernels: List of `PrunableKernel`s.
        structure: One of `prunable.STRUCTURES`.
        course: `Course`, when weights are pruned.
        before: What `marked` of an earlier run has returned: pruned weights
            stay so. Defaults to nothing.

    Attributes:
        variables: What the step reads and writes.
    """

    def __init__(self, model, kernels, structure, course, before=()):
        self._model = model
        self._kernels = kernels
        self._structure = structure
        self._rows = len(course.events())
        self._masks = {
            id(variable): make_mark(model, variable)
            for kernel in kernels
            for variable in (kernel.variable, *kernel.biases)
        }
        columns = 1 if structure == "global" else len(kernels)
        shape = (self._rows, columns)
        self._counts = make_variable(model, shape, "pruned_counts", "int32")
        # Where the course begins, its start, its end and its frequency.
        self._numbers = make_variable(model, (4,), "pruning_course", "int32")
        self.variables = [*self._masks.values(), self._counts, self._numbers]
        for variable, mask in before:
            if id(variable) in self._masks:
                write_mark(self._masks[id(variable)], keras.ops.copy(mask))

    def fits(self, kernels, course):
        """Whether it serves another run, without a new trace."""
        now, then = (
            [id(one.variable) for one in some]
            for some in (kernels, self._kernels)
        )
        return now == then and len(course.events()) == self._rows

    def begin(self, course, sparsities, position, resumed):
        """Begins a course, and prunes what should be pruned by now.

        Args:
            course: `Course`.
            sparsities: Array, the sparsity after each of its events.
            position: Integer, how many updates of the course were made.
            resumed: Whether weights that are exactly 0 were pruned by a run
                that this one goes on with.
        """
        self._sparsities = sparsities
        anatomy.unshare_averages(self._optimizer)
        now = anatomy.batches_seen_so_far(self._optimizer) // self._batches
        self._plan = (
            now - position,
            course.start,
            course.end,
            course.frequency,
        )
        self._numbers.assign(np.array(self._plan, "int32"))
        self.lay_out_counts()
        row = course.latest(position)
        for kernel in self._kernels:
            self._recover(kernel, resumed)
        if row >= 0 and read_number(self._counts)[row].any():
            kernels = self._trained()
            self._prune(True, row, kernels, self._held(kernels))
        self.apply()

    def lay_out_counts(self):
        """Computes how many weights are to be pruned at each event.

        Of all kernels together that depends on which of them train now.
        """
        alone = self._structure != "global"
        kernels = self._kernels if alone else self._trained()
        counts = counts_of(self._structure, self._sparsities, kernels)
        if not np.array_equal(counts, read_number(self._counts)):
            self._counts.assign(counts)

    def marked(self):
        """Returns a list of variables and what is pruned of them."""
        return [(one.variable, self._mask(one)) for one in self._kernels]

    def apply(self):
        """Sets what is pruned to 0, between two steps."""
        zero_marked(*self._held(self._kernels))

    def is_past_end(self):
        """Whether the target should be reached by now."""
        batches = batches_counted(self._model)
        origin, _, end, _ = self._plan
        return batches // self._batches - origin >= end

    def sparsity(self):
        """Returns `{path: share of pruned weights}`, and that of them all."""
        sizes = {
            one.path: math.prod(one.variable.shape) for one in self._kernels
        }
        pruned = {
            one.path: int(to_numpy(self._mask(one)).sum())
            for one in self._kernels
        }
        shares = {path: pruned[path] / size for path, size in sizes.items()}
        return shares, sum(pruned.values()) / sum(sizes.values())

    def around(self, step, carried):
        """Returns the step, after which what is pruned is 0."""
        return followed_by(self._model, step, self._after_step)

    def clipping(self, optimizer, plain, grads):
        """Leaves the clipping as it is."""
        return plain(grads)

    def applying(self, optimizer, plain, grads, variables):
        """Leaves the update as it is."""
        plain(grads, variables)

    @property
    def _optimizer(self):
        return anatomy.innermost(self._model.optimizer)

    @property
    def _batches(self):
        """How many batches make an update."""
        return anatomy.accumulation_steps(self._optimizer)

    def _mask(self, kernel):
        return read_mark(self._masks[id(kernel.variable)])

    def _trained(self):
        train = {id(one) for one in self._model.trainable_variables}
        return [one for one in self._kernels if id(one.variable) in train]

    def _recover(self, kernel, resumed):
        """Finds what is pruned already: it is exactly 0.

        A kernel that is 0 as a whole was made so: pruning leaves something.
        """
        zeros = keras.ops.equal(kernel.variable.value, 0)
        if resumed:
            some = keras.ops.logical_not(keras.ops.all(zeros))
            pruned = keras.ops.logical_and(zeros, some)
        else:
            pruned = keras.ops.logical_and(zeros, self._mask(kernel))
        write_mark(self._masks[id(kernel.variable)], pruned)

    def _after_step(self):
        batches = anatomy.batches_seen(self._optimizer)
        if is_traced(batches):
            batches = keras.ops.cast(batches, "int32")
            numbers = keras.ops.convert_to_tensor(self._numbers)
            origin, *course = (numbers[i] for i in range(4))
        else:
            batches = anatomy.batches_seen_so_far(self._optimizer)
            origin, *course = self._plan
        position = batches // self._batches - origin
        due = is_due(position, *course) & (batches % self._batches == 0)
        # What trains is asked for at every eager step.
        kernels = self._trained()
        held = self._held(kernels)
        # First, so that a compiler makes it part of the update.
        zero_marked(*held)
        if due is not False:
            self._prune(due, self._row(position, *course), kernels, held)

    def _row(self, position, start, end, frequency):
        last = self._rows - 1
        if isinstance(position, int):
            at_end = position >= end
            return last if at_end else max(position - start, 0) // frequency
        row = keras.ops.maximum(position - start, 0) // frequency
        return keras.ops.where(position >= end, last, row)

    def _prune(self, due, row, kernels, held):
        if not kernels:
            return
        alone = self._structure != "global"
        places = {id(one): i for i, one in enumerate(self._kernels)}
        columns = [places[id(one)] if alone else 0 for one in kernels]

        def compute():
            table = keras.ops.convert_to_tensor(self._counts)
            counts = keras.ops.take(table, row, axis=0)
            masks, of_biases = masks_of(
                self._structure,
                kernels,
                [self._mask(one) for one in kernels],
                [counts[i] for i in columns],
            )
            return [*masks, *(one for some in of_biases for one in some)]

        variables = [one.variable for one in kernels]
        variables += [bias for one in kernels for bias in one.biases]
        marks = [self._masks[id(one)] for one in variables]
        mark_when(due, compute, marks, *held)

    def _held(self, kernels):
        """Returns what is pruned, averages too, and the mark of each."""
        averages = averages_of(self._optimizer)
        variables, marks = [], []
        for kernel in kernels:
            for variable in (kernel.variable, *kernel.biases):
                average = averages.get(id(variable))
                held = [variable] if average is None else [variable, average]
                variables += held
                marks += [self._masks[id(variable)]] * len(held)
        return variables, marks

"""Preconditioners of each axis of each weight, as slots of an optimizer."""

from keras import ops

from keras_trainkit.backend.optimizer.prepared_updates import PreparedOptimizer
from keras_trainkit.backend.optimizer.update_hooks import completes_update
from keras_trainkit.backend.optimizer.wide_slots import add_wide_slot
from keras_trainkit.backend.optimizer.wide_slots import dense
from keras_trainkit.backend.optimizer.wide_slots import exact_dtype
from keras_trainkit.backend.optimizer.wide_slots import exact_products
from keras_trainkit.kernels.axis_blocks import blocks_of
from keras_trainkit.kernels.axis_blocks import without_units
from keras_trainkit.kernels.matrix_roots import relative_error
from keras_trainkit.kernels.preconditioners import count_of
from keras_trainkit.kernels.preconditioners import new_roots
from keras_trainkit.kernels.preconditioners import order_of
from keras_trainkit.kernels.preconditioners import packed_products
from keras_trainkit.kernels.preconditioners import preconditioned
from keras_trainkit.kernels.preconditioners import size_of


class AxisPreconditioned(PreparedOptimizer):
    """Base of optimizers that keep matrices and inverse roots for each axis.

    What inherits from it has attributes `beta_2`, `epsilon`, `root_every` and
    `block_size`.
    """

    def build(self, variables):
        """Makes the matrices, the roots and what is known of their errors.

        Args:
            variables: List of `keras.Variable`s.
        """
        super().build(variables)
        layouts = [self._layout(index) for index in range(len(variables))]
        sizes = [(size_of(layout),) for layout in layouts]
        counts = [(count_of(layout),) for layout in layouts]
        self.statistics = self.slots("statistics", variables, sizes)
        self.roots = self.slots("roots", variables, sizes)
        self.residuals = self.slots("residuals", variables, counts)

    def slots(self, name, variables, shapes=None):
        """Returns one slot for each variable; `None` for those that Keras
        overwrites with their gradient (scales of float8)."""
        shapes = shapes or [None] * len(variables)
        return [
            None
            if self._overwrite_variable_with_gradient(variable)
            else add_wide_slot(self, variable, name, shape)
            for variable, shape in zip(variables, shapes, strict=True)
        ]

    def prepare_updates(self, gradients, variables):
        """Takes the gradients into the matrices, and computes roots when due.

        Args:
            gradients: List of tensors.
            variables: List of the variables they are of.
        """
        indices = [self._get_variable_index(one) for one in variables]
        for gradient, index in zip(gradients, indices, strict=True):
            total, layout = self.statistics[index], self._layout(index)
            gradient = dense(gradient, total.dtype)
            folded = ops.reshape(gradient, [one.length for one in layout])
            self.collect(total, packed_products(folded, layout))
        self._compute_roots_when_due(indices)

    def precondition(self, index, tensor):
        """Returns a tensor multiplied by the roots of a variable's axes.

        Args:
            index: Integer, the variable's place.
            tensor: Tensor of the variable's shape.
        """
        layout = self._layout(index)
        folded = ops.reshape(tensor, [one.length for one in layout])
        found = preconditioned(folded, self.roots[index], layout)
        return ops.reshape(found, tuple(tensor.shape))

    def collect(self, total, new):
        """Takes something new into a sum or an average."""
        if self.beta_2 == 1:
            self.assign_add(total, new)
        else:
            self.assign_add(total, (1 - self.beta_2) * (new - total))

    def share_held(self, step):
        """Returns the share of all past that an average holds by now."""
        if self.beta_2 == 1:
            return ops.ones_like(step)
        # `ops.power` has no float64 on torch since Keras 3.16, and `ops.cast`
        # of a float none on TensorFlow.
        return 1 - self.beta_2**step

    def root_errors(self):
        """Returns how far off the roots were when they were last computed.

        Returns:
            Dictionary of the path of each variable to the largest share by
            which an eigenvalue of one of its roots may be off. Infinite says
            that the iteration failed. Above `relative_error` of a residual of
            0.1 (0.027 for a matrix) the root was not used.
        """
        errors = {}
        for i, variable in enumerate(self._trainable_variables):
            if self.residuals[i] is not None:
                residual = float(ops.max(self.residuals[i]))
                order = order_of(self._layout(i))
                errors[variable.path] = relative_error(residual, order)
        return errors

    def _layout(self, index):
        shape = tuple(self._trainable_variables[index].shape)
        return blocks_of(without_units(shape), int(self.block_size))

    def _compute_roots_when_due(self, indices):
        held = [
            ops.convert_to_tensor(slots[index])
            for index in indices
            for slots in (self.roots, self.residuals)
        ]
        found = ops.cond(
            self._roots_are_due(indices),
            lambda: self._computed_roots(indices),
            lambda: [ops.copy(one) for one in held],
        )
        for place, index in enumerate(indices):
            self.assign(self.roots[index], found[2 * place])
            self.assign(self.residuals[index], found[2 * place + 1])

    def _roots_are_due(self, indices):
        due = ops.equal(ops.mod(self.iterations, int(self.root_every)), 0)
        for index in indices:
            # Of a variable that came later, or had no gradient so far.
            missing = ops.equal(self.roots[index][0], 0)
            seen = ops.any(ops.not_equal(self.statistics[index], 0))
            due = ops.logical_or(due, ops.logical_and(missing, seen))
        # JAX computes an update for every batch, and drops most of them where
        # gradients are accumulated.
        return ops.logical_and(due, completes_update(self))

    def _computed_roots(self, indices):
        entries = []
        for index in indices:
            total = ops.convert_to_tensor(self.statistics[index])
            exact = exact_dtype(total)
            step = ops.cast(self.iterations, exact) + 1
            sums = ops.cast(total, exact) / self.share_held(step)
            old = ops.cast(self.roots[index], exact)
            entries.append((sums, old, self._layout(index)))
        with exact_products():
            pairs = new_roots(entries, self.epsilon)
        return [
            ops.cast(tensor, self.roots[index].dtype)
            for index, pair in zip(indices, pairs, strict=True)
            for tensor in pair
        ]

"""An optimizer that computes something for all variables, before each moves.

Keras has `update_step` for one variable at a time. What is the same computation
for many of them is compiled once, and runs as one, only where all are at hand.
"""

import keras


class PreparedOptimizer(keras.optimizers.Optimizer):
    """Base of optimizers with a `prepare_updates` before the `update_step`s.

    Both get gradients that are clipped, and summed over replicas.

    `_backend_update_step`: keras/src/optimizers/base_optimizer.py, the common
    gate of all updates; on TensorFlow replicas meet in
    `_distributed_tf_update_step` (keras/src/backend/tensorflow/optimizer.py).
    """

    def prepare_updates(self, gradients, variables):
        """Is called once for each update.

        Args:
            gradients: List of tensors.
            variables: List of the variables they are of.
        """
        raise NotImplementedError

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        if keras.backend.backend() != "tensorflow":
            self.prepare_updates(grads, trainable_variables)
        super()._backend_update_step(grads, trainable_variables, learning_rate)

    def _distributed_tf_update_step(
        self, distribution, grads_and_vars, learning_rate
    ):
        grads = [gradient for gradient, _ in grads_and_vars]
        variables = [variable for _, variable in grads_and_vars]
        distribution.extended.update(
            variables[0],
            lambda _, gradients: self.prepare_updates(gradients, variables),
            args=(grads,),
            group=False,
        )
        super()._distributed_tf_update_step(
            distribution, grads_and_vars, learning_rate
        )

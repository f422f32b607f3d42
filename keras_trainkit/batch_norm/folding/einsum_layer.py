"""An EinsumDense that takes up an affine map of one of its axes."""

from keras_trainkit.batch_norm.folding.channel_map import NotFoldable
from keras_trainkit.batch_norm.folding.linear_layer import LinearLayer
from keras_trainkit.kernels import folding


class EinsumLayer(LinearLayer):
    """An `EinsumDense`, whose axes have letters."""

    def __init__(self, operation):
        """Reads the letters of the axes."""
        super().__init__(operation)
        inside, _, self._outside = self.core.equation.partition("->")
        self._given, _, inner = inside.partition(",")
        self._labels = tuple(
            one.replace("...", "")
            for one in (self._given, inner, self._outside)
        )
        # An ellipsis at the end is that many axes of size 1 of the bias.
        more = self.core.input_spec.ndim - len(self._labels[0])
        self._behind = 0 if self._given.startswith("...") else more
        self._bias_axes = self.core.bias_axes or ""

    def _read_weights(self):
        weights = super()._read_weights()
        bias = weights["bias"]
        if bias is not None:
            shape = bias.shape[: bias.ndim - self._behind]
            missing = len(self._labels[2]) - len(shape)
            weights["bias"] = bias.reshape((1,) * missing + shape)
        return weights

    def _has_channels(self, axis, shape):
        return True  # Any axis will do that has a letter in the kernel.

    def _outputs_mapped(self, mapping, shape):
        label = self._letter(mapping, self._outside, self._labels[2], shape)
        results = folding.einsum_outputs_mapped(
            self._labels,
            *self.weights.values(),
            label,
            mapping.scale,
            mapping.shift,
        )
        return self._with_bias(results, {label})

    def _inputs_mapped(self, mapping, shape):
        inputs, inner, outer = self._labels
        label = self._letter(mapping, self._given, inputs, shape)
        start = len(shape) - len(inputs) - self._behind
        sizes = [
            size
            for letter, size in zip(inputs, shape[start:], strict=False)
            if letter not in inner and letter not in outer
        ]
        if None in sizes:
            raise NotFoldable(
                f"{self.operation.name!r} sums over an axis of unknown size"
            )
        results = folding.einsum_inputs_mapped(
            self._labels,
            *self.weights.values(),
            label,
            mapping.scale,
            mapping.shift,
            sizes,
        )
        return self._with_bias(results, set(inner) & set(outer))

    def _letter(self, mapping, part, letters, shape):
        """Returns the letter of the axis of the map."""
        start = len(shape) - len(letters) if part.startswith("...") else 0
        place = mapping.axis - start
        inner = self._labels[1]
        plain = all(len(set(one)) == len(one) for one in self._labels)
        if not plain or not 0 <= place < len(letters):
            raise self._without_axis(mapping)
        if letters[place] not in inner:
            raise self._without_axis(mapping)
        return letters[place]

    def _without_axis(self, mapping):
        return NotFoldable(
            f"the kernel of {self.operation.name!r} has none of its axis "
            f"{mapping.axis} ({self.core.equation})"
        )

    def _with_bias(self, results, letters):
        kernel, bias = results
        axes = set(self.changes.get("bias_axes", self._bias_axes)) | letters
        in_order = "".join(one for one in self._labels[2] if one in axes)
        return {"kernel": kernel, "bias": bias}, {"bias_axes": in_order}

"""Copies of layers that behave as their originals and share nothing."""

import contextlib
import tempfile

import keras

from keras_trainkit.backend.model.keras_kinds import is_keras_function
from keras_trainkit.backend.model.still_layers import plain_class
from keras_trainkit.backend.model.still_layers import set_stillness
from keras_trainkit.backend.model.still_layers import stillness
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.models.forward_order import is_graph
from keras_trainkit.models.forward_order import sublayers
from keras_trainkit.models.frozen_alone import carry_note


class LayerCopies:
    """Copies layers, each once, for the `clone_function` of `clone_model`.

    `clone_model` copies configurations. `carry_state` then brings over what
    no configuration holds: weights, statistics, adapted vocabularies, seeds,
    the trainable flags of nested models and of layers inside composites, and
    what was assigned to variables.

    Args:
        instead: `{id(layer): layer}` of layers that are not copied, but
            replaced. No state is carried to these. Defaults to `None`: none.
        inputs: `{id(model): symbolic tensors}` of graphs that are called on
            other inputs than their own. Defaults to `None`: none.

    Attributes:
        variables: `{id(variable): (variable, its copy)}`, filled by
            `carry_state`.
        plain: `{id(model): error}` of functional models of classes of their
            own whose copies are plain, since the class cannot make one.
    """

    def __init__(self, instead=None, inputs=None):
        """Starts without copies."""
        self._pairs = {}
        self._instead, self._inputs = instead or {}, inputs or {}
        self._layer_by_layer, self._parts = set(), set()
        self.variables, self.plain = {}, {}

    def __call__(self, layer):
        """Returns the one copy of `layer`."""
        if id(layer) in self._instead:
            return self._instead[id(layer)]
        if id(layer) not in self._pairs:
            copy = self._copy(layer)
            self._pairs[id(layer)] = (layer, copy)
            if isinstance(layer, keras.Layer):
                self._note_parts(layer, copy)
        return self._pairs[id(layer)][1]

    def carry_state(self):
        """Makes all copies equal in state, and builds what is not built.

        Raises:
            ValueError: If a copy differs from its original in its layers or
                variables.
        """
        pairs = self.build()
        for original, copy in pairs:
            copy.trainable = original.trainable
            set_stillness(copy, stillness(original))
        for original, copy in pairs:
            if id(original) not in self._layer_by_layer:
                _carry_own_state(original, copy)
        for variable, copy in self.variables.values():
            _carry_variable(variable, copy)
        for original, copy in pairs:
            copy.built = original.built  # a model that was run is not told

    def build(self):
        """Builds the copies as the originals were, with values of their own.

        Returns:
            List of pairs of layers, `(original, copy)`; `variables` is filled.

        Raises:
            ValueError: If a copy differs from its original in its layers or
                variables.
        """
        # A nested model is noted after what it holds; its flag is set before,
        # since a flag is passed on to all below.
        pairs = [
            pair
            for original, copy in reversed(list(self._pairs.values()))
            if self._stands_alone(original)
            for pair in self._built_pairs(original, copy)
        ]
        # Those without layers of their own come first, to be named in errors.
        for original, copy in reversed(pairs):
            self._note_variables(original, copy)
        return pairs

    def _copy(self, layer):
        if not isinstance(layer, keras.Layer):
            return layer  # an operation of a graph has no state
        if not (isinstance(layer, keras.Model) and is_graph(layer)):
            return _from_config(layer)
        if is_keras_function(type(layer)) or id(layer) in self._inputs:
            return self._graph_copy(layer)
        try:
            return _from_config(layer)
        except ValueError as error:
            # Its graph is all that a model with other layers around needs.
            self.plain[id(layer)] = error
            return self._graph_copy(layer)

    def _graph_copy(self, model):
        return self._cloned(model)

    def _cloned(self, model, call_function=None):
        self._layer_by_layer.add(id(model))
        inputs = self._inputs.get(id(model))
        with _uncompiled(model):
            return keras.models.clone_model(
                model, inputs, self, call_function=call_function
            )

    def _note_parts(self, original, copy):
        """Names the layers of a copy alike; a graph may use them, too."""
        if id(original) in self._layer_by_layer:
            return
        for part, its_copy in _alike(original, copy):
            its_copy.name = part.name
            if id(part) not in self._pairs:
                self._pairs[id(part)] = (part, its_copy)
                self._parts.add(id(part))
            self._note_parts(part, its_copy)

    def _stands_alone(self, layer):
        return isinstance(layer, keras.Layer) and id(layer) not in self._parts

    def _built_pairs(self, original, copy):
        yield original, copy
        if id(original) in self._layer_by_layer:
            return  # its layers have pairs of their own
        if original.built and not copy.built:
            # A model without a `build` is run, outside of its name's scope.
            with keras.name_scope(copy.name):
                copy.build_from_config(original.get_build_config())
        # What `enable_lora` adds to a layer is in no model's configuration.
        if _has_lora(original) and not _has_lora(copy):
            copy.enable_lora(original.lora_rank)
        below = _alike(original, copy)
        if len(below) < len(sublayers(original)):
            raise _unlike(original, "differs in its layers")
        for part, its_copy in below:
            yield from self._built_pairs(part, its_copy)

    def _note_variables(self, original, copy):
        if self._instead and id(original) in self._layer_by_layer:
            return  # what differs in it is meant to
        if _looks(original.variables) != _looks(copy.variables):
            raise _unlike(original, "differs in its variables")
        for old, new in zip(original.variables, copy.variables, strict=True):
            if self.variables.setdefault(id(old), (old, new))[1] is not new:
                raise _unlike(original, f"shares {old.path!r} no longer")


def _carry_own_state(original, copy):
    # As a saved file would: Normalization, for one, computes from what is
    # loaded (keras/src/layers/preprocessing/normalization.py).
    store = {}
    original.save_own_variables(store)
    copy.load_own_variables(
        {name: keras.ops.convert_to_numpy(v) for name, v in store.items()}
    )
    if hasattr(original, "save_assets"):
        with tempfile.TemporaryDirectory() as folder:
            original.save_assets(folder)
            copy.load_assets(folder)


def _carry_variable(variable, copy):
    # A JAX variable keeps the very array it is given, and a compiled step
    # frees the arrays of the model it trains.
    copy.assign(keras.ops.copy(variable))
    carry_marks(variable, copy)


def carry_marks(variable, copy):
    """Gives a variable all that was assigned to another but its value."""
    copy.trainable = variable.trainable
    carry_note(variable, copy)
    copy.constraint = getattr(variable, "constraint", None)
    copy.regularizer = getattr(variable, "regularizer", None)


@contextlib.contextmanager
def _uncompiled(model):
    """Keeps `clone_model` from compiling the copy by a configuration."""
    compiled, model.compiled = model.compiled, False
    try:
        yield
    finally:
        model.compiled = compiled


def _from_config(layer):
    try:
        return type(layer).from_config(layer.get_config())
    except (TypeError, NotImplementedError, ValueError) as error:
        reason = f"is an error: {error}"
        raise _unlike(layer, reason) from error


def _alike(original, copy):
    """Pairs the layers right below, as far as they are of equal classes."""
    pairs = zip(sublayers(original), sublayers(copy), strict=False)
    return [(a, b) for a, b in pairs if plain_class(a) is plain_class(b)]


def _looks(variables):
    # Not the name, which Keras may count up.
    return [(tuple(v.shape), v.dtype) for v in variables]


def _has_lora(layer):
    return bool(getattr(layer, "lora_enabled", False))


def _unlike(layer, reason):
    kind = type(layer).__name__
    return bad_value(
        "model",
        layer.name,
        "made of layers that `get_config` describes, but what it makes of "
        f"the {kind} {layer.name!r} {reason}",
        f"Write `get_config` and `from_config` of {kind}.",
    )

"""What a model is made of, read once: layers, paths, order, owners."""

import functools

import keras

from keras_trainkit.kernels.argument_checks import bad_type
from keras_trainkit.models.forward_order import OrderUnknown
from keras_trainkit.models.forward_order import call_order
from keras_trainkit.models.forward_order import in_call_order
from keras_trainkit.models.forward_order import is_graph
from keras_trainkit.models.forward_order import sublayers


class LayerTree:
    """The layers of a model as one reading found them.

    Nested models and composites are opened; a container comes before what it
    holds. The order is the forward pass's, or, where that cannot be traced,
    that of the attributes. InputLayers are left out, and a layer reached on
    two paths is listed under each.

    Args:
        model: A `keras.Model`, built or not, or another layer.

    Attributes:
        model: The same.
        below: List of `(path, layer)` for every layer below the model.
    """

    def __init__(self, model):
        if not isinstance(model, keras.Layer):
            raise bad_type("model", model, "a `keras.Model`")
        self.model = model
        self._order_unknown = None
        self._sublayers = {}
        self._owned = {}
        self._called = {}
        self.below = list(self._read(model, "", self._called, True))

    @functools.cached_property
    def layers(self):
        """The model and all below it, each once."""
        return _once([self.model, *(layer for _, layer in self.below)])

    @functools.cached_property
    def paths(self):
        """Dict of ids of the layers below to paths that no other layer has.

        A layer that is reached on two paths has the first. Keras lets layers
        of a subclassed model share a name: the second of them has a number.
        """
        found, taken = {}, set()
        for path, layer in self.below:
            if id(layer) in found:
                continue
            free, number = path, 2
            while free in taken:
                free, number = f"{path} ({number})", number + 1
            found[id(layer)] = free
            taken.add(free)
        return found

    @property
    def weights(self):
        """The weights of the model, in Keras's order."""
        return self.model.weights

    def require_order(self):
        """Raises where the order of a forward pass is unknown.

        Raises:
            OrderUnknown: If the model is not built, or the pass of a
                subclassed one cannot be traced.
        """
        if self._order_unknown is not None:
            raise self._order_unknown

    def sublayers(self, layer):
        """Returns the layers right below `layer`."""
        return self._sublayers[id(layer)]

    def called_by(self, composite):
        """Returns the layers right below a composite, in the order of calls.

        `below` leaves what a composite holds in any order; it has to be
        traced by itself, unless a subclassed model around it has been.

        Raises:
            OrderUnknown: If its forward pass cannot be traced.
        """
        layers = self.sublayers(composite)
        if len(layers) < 2 or is_graph(composite):
            return layers
        if not any(id(layer) in self._called for layer in layers):
            self._called.update(call_order(composite))
        return in_call_order(layers, self._called)

    def inside(self, layer):
        """Returns all layers below `layer`, each once."""
        found = []
        for sub in self.sublayers(layer):
            found += [sub, *self.inside(sub)]
        return _once(found)

    def own_weights(self, layer):
        """Returns the weights of `layer` that none of its sublayers holds."""
        if id(layer) not in self._owned:
            below = {
                id(w) for sub in self.sublayers(layer) for w in sub.weights
            }
            self._owned[id(layer)] = [
                w for w in layer.weights if id(w) not in below
            ]
        return self._owned[id(layer)]

    def held_weights(self, layer):
        """Returns the weights that `layer` stands for in a selection.

        A nested model stands for the weights it owns itself, any other layer
        for all it holds.
        """
        if isinstance(layer, keras.Model):
            return self.own_weights(layer)
        return layer.weights

    def owns_weights(self, layer):
        """Whether selections act on `layer`.

        A layer that is not built may still come to own weights.
        """
        if isinstance(layer, keras.Model):
            return bool(self.own_weights(layer))
        return bool(layer.weights) or not layer.built

    @functools.cached_property
    def named(self):
        """List of `(path, layer)` of all that a pattern can name."""
        everything = [(self.model.name, self.model), *self.below]
        return [pair for pair in everything if self.owns_weights(pair[1])]

    @functools.cached_property
    def owners(self):
        """List of `(path, layer)` of the layers that selections act on.

        Those that own weights, and composites closed.
        """
        model, composite = self.model, None
        found = [(model.name, model)] if self.owns_weights(model) else []
        for path, layer in self.below:
            if composite is not None and path.startswith(f"{composite}/"):
                continue
            composite = None if isinstance(layer, keras.Model) else path
            if self.owns_weights(layer):
                found.append((path, layer))
        return found

    def _read(self, parent, prefix, called, strict):
        layers = self._ordered(parent, called, strict)
        self._sublayers[id(parent)] = layers
        for layer in layers:
            path = prefix + layer.name
            yield path, layer
            # What a composite holds counts once with it, in any order.
            deep = strict and isinstance(layer, keras.Model)
            yield from self._read(layer, f"{path}/", called, deep)

    def _ordered(self, parent, called, strict):
        layers = sublayers(parent)
        if is_graph(parent):
            # Which layers will own weights is not settled before they are
            # built.
            if strict and not all(layer.built for layer in layers):
                self._note(OrderUnknown(parent, "it has not been built"))
            return layers
        if len(layers) < 2:
            return layers
        # One pass over a subclassed model orders everything it holds.
        if isinstance(parent, keras.Model) and id(parent) not in called:
            try:
                called.update(call_order(parent))
            except OrderUnknown as error:
                if strict:
                    self._note(error)
                return layers
        return in_call_order(layers, called)

    def _note(self, error):
        self._order_unknown = self._order_unknown or error


def _once(layers):
    return list({id(layer): layer for layer in layers}.values())

"""In which order the BatchNormalizations of a model can be measured."""

import collections
import dataclasses

from keras_trainkit.models.graph import Step
from keras_trainkit.models.graph import Steps
from keras_trainkit.models.graph import graph_of


@dataclasses.dataclass
class Level:
    """What becomes known with the statistics of some layers.

    Attributes:
        measured: List of the steps that hold these layers.
        steps: List of those steps and of all others that depend on no later
            statistics, in an order in which they can run.
        layers: List of the layers.
        frontier: References to the values that later levels read.
        longest: Upper bound of how many of the layers follow each other.
        calls: Maps `id(layer)` to how many of the steps hold it.
    """

    measured: list
    steps: list
    layers: list
    frontier: list
    longest: int
    calls: dict


def levels(model, layers):
    """Sorts some layers of a model by how many of them lie before each.

    Args:
        model: A built `keras.Model`.
        layers: List of layers of it.

    Returns:
        List of `Level`s. The first is without layers. The inputs of the
        layers of a level depend on layers of earlier ones only; of several
        layers within one step, such as a subclassed model, nobody knows.
    """
    steps = _steps(model)
    held = _held(steps, layers)
    places = _places(steps, held)
    if places is None:
        # A layer that is used again behind itself.
        steps = [_whole(model)]
        held = _held(steps, layers)
        places = _places(steps, held)
    steps = _needed(steps, held)
    return [
        _level(i, steps, held, places) for i in range(max(places.values()) + 1)
    ]


def _steps(model):
    return [_whole(model)] if graph_of(model) is None else Steps(model).steps


def _whole(model):
    def run(values):
        return [model(values[0], training=False)]

    return Step(run, run, [0], [1], operation=model)


def _held(steps, layers):
    """Maps `id(step)` to those of the layers that it calls."""
    wanted = {id(layer) for layer in layers}
    return {
        id(step): [layer for layer in step.layers if id(layer) in wanted]
        for step in steps
    }


def _places(steps, held):
    """Returns the level of each value, or `None` where there is none.

    A layer has one level, below which lie the inputs of all its calls.
    """
    of_layer, settled = {}, False
    most = sum(map(bool, held.values()))
    while not settled:
        before, place = dict(of_layer), {0: 0}
        for step in steps:
            level = max((place[ref] for ref in step.inputs), default=0)
            layers = held[id(step)]
            if layers:
                known = [of_layer.get(id(layer), 0) for layer in layers]
                level = max(level + 1, *known)
                of_layer.update((id(layer), level) for layer in layers)
            place.update((ref, level) for ref in step.outputs)
        settled = of_layer == before
        if max(place.values()) > most:
            return None
    return place


def _needed(steps, held):
    """Leaves out what no layer depends on."""
    wanted, kept = set(), []
    for step in reversed(steps):
        if held[id(step)] or wanted.intersection(step.outputs):
            wanted.update(step.inputs)
            kept.append(step)
    return kept[::-1]


def _level(number, steps, held, places):
    # A step without outputs would have no level; there is none.
    own = [step for step in steps if places[step.outputs[0]] == number]
    later = [step for step in steps if places[step.outputs[0]] > number]
    read = dict.fromkeys(ref for step in later for ref in step.inputs)
    measured = [step for step in own if held[id(step)]]
    holding = [one for step in measured for one in held[id(step)]]
    return Level(
        measured,
        own,
        list({id(one): one for one in holding}.values()),
        [ref for ref in read if places[ref] <= number],
        max((len(held[id(step)]) for step in measured), default=0),
        collections.Counter(map(id, holding)),
    )

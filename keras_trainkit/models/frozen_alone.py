"""Weights that are frozen on their own, inside a layer that may train.

`enable_lora` freezes a layer's kernel, a user may freeze any variable by
`variable.trainable = False`. `layer.trainable = x` writes the flag of every
variable of the layer (keras/src/layers/layer.py): freezing the layer and
unfreezing it would bring these to life. So what was found frozen alone is
noted on the variable before its layer is frozen.
"""

from keras_trainkit.backend.model.flagged_variables import flagged_variables
from keras_trainkit.backend.model.flagged_variables import lora_base

# On a frozen variable: whether it was frozen alone, or by a selection while
# its layer's own flag had to stay up.
_NOTE = "_keras_trainkit_frozen_alone"


def frozen_alone(tree):
    """Returns the ids of the weights that stay frozen when layers train.

    A frozen weight is one of them if no layer that holds it is frozen, or if
    it was one before its layer was frozen; and so are the weights that LoRA
    has put its own in place of. A note counts only as long as its weight is
    frozen: a user who sets a flag to true has changed that.

    Args:
        tree: A `LayerTree`.
    """
    found, inside_frozen, base = {}, set(), set()
    for layer in tree.layers:
        base |= {id(variable) for variable in lora_base(layer)}
        for variable in flagged_variables(layer):
            if not variable.trainable:
                found[id(variable)] = variable
                if not layer.trainable:
                    inside_frozen.add(id(variable))
    alone = {
        one
        for one, variable in found.items()
        if vars(variable).get(_NOTE, one not in inside_frozen)
    }
    return alone | base


def note_frozen_alone(tree, alone):
    """Notes on the variables, as flagged now, which were frozen alone.

    Args:
        tree: A `LayerTree`.
        alone: What `frozen_alone` has returned before the flags were set.
    """
    for layer in tree.layers:
        for variable in flagged_variables(layer):
            if variable.trainable:
                vars(variable).pop(_NOTE, None)
            else:
                vars(variable)[_NOTE] = id(variable) in alone


def carry_note(variable, copy):
    """Notes on the copy of a variable what is noted on the variable."""
    if _NOTE in vars(variable):
        vars(copy)[_NOTE] = vars(variable)[_NOTE]

"""Where randomness begins in a graph."""


def split(steps, is_random, outputs):
    """Cuts a graph into what is computed once and what each sample computes.

    Args:
        steps: Sequence of steps in an order in which they can run; each has
            `inputs` and `outputs`, collections of references to values.
        is_random: Callable `step -> bool`.
        outputs: The references to the values that the graph returns.

    Returns:
        Tuple `(head, tail, frontier)`: the steps that no random step comes
        before, and those that depend on one, both in their order and without
        those that no output needs; and the references that the tail and the
        outputs read of what is not in the tail, in the order of first use.
    """
    behind, tail = set(), []
    for step in steps:
        if is_random(step) or behind.intersection(step.inputs):
            behind.update(step.outputs)
            tail.append(step)
    tail = _needed(tail, outputs)
    made = {ref for step in tail for ref in step.outputs}
    read = [ref for step in tail for ref in step.inputs]
    frontier = list(
        dict.fromkeys(ref for ref in [*read, *outputs] if ref not in made)
    )
    in_tail = {id(step) for step in tail}
    head = [step for step in steps if id(step) not in in_tail]
    return _needed(head, frontier), tail, frontier


def _needed(steps, wanted):
    wanted, kept = set(wanted), []
    for step in reversed(steps):
        if wanted.intersection(step.outputs):
            wanted.update(step.inputs)
            kept.append(step)
    return kept[::-1]

"""What a message about shapes says: its numbers and shapes, without the rest.

The messages are Keras's, NumPy's, TensorFlow's, XLA's and torch's.
"""

import re

_COLOUR = re.compile(r"\x1b\[\d*m")
_ARGUMENTS = re.compile(r"\n+Arguments received by .*?:\n.*", re.DOTALL)
_GRAPH_FILES = re.compile(r'^\s*File ".*?", line \d+, in .*$', re.MULTILINE)
_TENSOR_VALUES = re.compile(r"(?<=for input ).*?(?= with name)", re.DOTALL)
_NODE_ATTRIBUTES = re.compile(r"\[T=DT_[^\]]*\]")
_PLACE = re.compile(r"\{\{function_node [^}]*\}\}|\[Op:\w+\]|name: $")
_DETECTED = re.compile(r"Detected at node (\S+) defined at")
_NODE = re.compile(r"\{\{node ([^}]+)\}\}")
_SHAPE = re.compile(
    r"[(\[]\s*((?:None|\?|-?\d+|dynamic_dimension)"
    r"(?:,?\s+|,)?(?:(?:None|\?|-?\d+|dynamic_dimension)(?:,?\s+|,)?)*)[)\]]"
)
_BY_LETTER = re.compile(r"\b(\d+)x(\d+)\b")

# What no sentence about anything else says.
_ABOUT_SHAPES = re.compile(
    r"""
    incompatible\ (with\ the\ layer|(input\ )?shapes?|dimensions)
    | \b(in)?compatible\ shapes?\b | shapes?\b.{0,60}\b(in)?compatible
    | \b(input|output|target|weight|value|labels?|logits|x|y)[._\ ]?shape\b
    | \bshapes?\ (of\ .{0,30}\ )?(must|cannot|do|does|mismatch|are|is)
    | \bshapes\ used\ to\ initialize
    | (same|matching|invalid|inhomogeneous|unknown)\ (shape|rank|dtype)
    | same\ dtypes? | size\ of\ (tensor|label)\b | Sizes\ of\ tensors
    | \bmin_ndim\b | \bmax_ndim\b | \bndim\b | \brank\b.{0,40}\b(expect|must)
    | dimensions?\b.{0,30}\b(must|equal|mismatch|match|out\ of\ range)
    | \bDimension\b.{0,60}\bmust
    | Expected\ dimension\ \d
    | [Ee]xpected\ (shape|size|axis|\d+D|input\[)
    | (output|total)\ size\b | Negative\ dimension
    | could\ not\ be\ broadcast | \bbroadcast | cannot\ reshape
    | Input\ to\ reshape | \binvalid\ for\ input\ of\ size
    | Cannot\ divide\ evenly | [Cc]ardinality | number\ of\ samples
    | \bbatch\ size\b | same\ number\ of\ (elements|dimensions|samples)
    | size[- ]incompatible | cannot\ be\ multiplied | same\ reduction\ dim
    | contracting\ dimensions | out\ of\ bounds | valid\ range\ of\ \[
    | index\ out\ of\ range\ in\ self | is\ not\ in\ \[0,
    | \bdtypes?\b | expected\ scalar\ type | Unsupported\ object\ type
    | not\ implemented\ for\ '(Int|Long|Half|Double|Float|Byte|Bool)'
    | could\ not\ convert\ string | array\ element\ with\ a\ sequence
    | numpy\.object_ | not\ a\ valid\ JAX\ (array\ )?type
    | Unrecognized\ data\ type | that\ does\ not\ match\ type
    | expected\ to\ be\ an?\ \w+\ tensor | is\ not\ in\ the\ list\ of\ allowed
    | expects\ \d+\ (named\ )?input | Missing\ data\ for\ input
    | expected\ \d+\ variables | structure\ of\ `inputs`
    | not\ connected\ to\ `inputs` | same\ (leading|first)\ dimension
    | Expected\ \w+\d,\ but\ got\ .{0,99}\ of\ type\ '(str|object)'
    | have\ different\ structures | start\ with\ segment_ids
    | shapes\ that\ differ | in\ both\ shapes | \bsplit\ dimension
    | not\ divisible\ by | in\ an\ equal\ division
    | must\ have\ (an\ )?integer
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NONE = re.compile(
    r"None values not supported|None is not a valid value"
    r"|'NoneType' object has no attribute '(shape|dtype)'"
)
# Memory that ran out is told with the shape that did not fit.
_ABOUT_MEMORY = re.compile(r"out of memory|OOM when|RESOURCE_EXHAUSTED", re.I)


def is_about_shapes(message):
    """Whether a message is about shapes, sizes, counts of rows or dtypes."""
    text = essence(message)
    found = _ABOUT_SHAPES.search(text) or _NONE.search(text)
    return bool(found) and not _ABOUT_MEMORY.search(text)


def is_none_used(message):
    """Whether a message says that `None` stood in the place of a tensor."""
    return bool(_NONE.search(message))


def essence(message):
    """Returns a message without colours, printed tensors and file names.

    Example:

    >>> from keras_trainkit.kernels.error_messages import essence
    >>> essence("Graph execution error:\\n  File \\"a.py\\", line 3, in f\\nno")
    'Graph execution error:\\nno'
    """
    text = _COLOUR.sub("", str(message))
    text = _ARGUMENTS.sub("", text)
    text = _TENSOR_VALUES.sub("tensor", text)
    text = _NODE_ATTRIBUTES.sub("", text)
    text = _PLACE.sub("", _GRAPH_FILES.sub("", text))
    return re.sub(r"\s*\n\s*", "\n", text).strip()


def node_name(message):
    """Returns the TensorFlow node that a message names, or `""`."""
    found = _DETECTED.search(message) or _NODE.search(message)
    return found[1].split(" ")[0] if found else ""


def shapes_in(text):
    """Returns the shapes in a text as tuples; `None` is any size.

    Example:

    >>> from keras_trainkit.kernels.error_messages import shapes_in
    >>> shapes_in("got (None, 7), [?,5] and torch.Size([32]), 4x6")
    [(None, 7), (None, 5), (32,), (4, 6)]
    """
    found = [(m.start(), _sizes(m[1])) for m in _SHAPE.finditer(text)]
    found += [
        (m.start(), (int(m[1]), int(m[2]))) for m in _BY_LETTER.finditer(text)
    ]
    return [shape for _, shape in sorted(found, key=lambda pair: pair[0])]


def sizes_in(text):
    """Returns the sizes that a text names, each once, in order.

    Sizes in shapes, and plain numbers such as those of "must be equal, but
    are 16 and 12". Axes, ranks and counts of inputs are none.
    """
    found = [size for shape in shapes_in(text) for size in shape]
    plain = re.sub(
        r"(axis|ndim=|rank|dimension|operand|input) ?-?\d+", "", text
    )
    for pattern in _PLAIN:
        for match in re.finditer(pattern, plain):
            found += [int(number) for number in match.groups()]
    return list(dict.fromkeys(n for n in found if n is not None and n > 1))


_PLAIN = (
    r"to have value (\d+)",
    r"must be equal, but are (\d+) and (\d+)",
    r"tensor a \((\d+)\) must match the size of tensor b \((\d+)\)",
    r"batch size: (\d+)",
    r"of size (\d+)",
    r"with (\d+) values",
    r"multiple of (\d+)",
    r"axis values (\d+) .*? != (\d+)",
    r"Expected size (\d+) but got size (\d+)",
    r"has size (\d+) for operand .*? previously seen size (\d+)",
    r"\((\d+)\) does not match previous terms \((\d+)\)",
    r"has value (\d+), which cannot be broadcasted to (\d+)",
)


def _sizes(text):
    unknown = ("None", "?", "dynamic_dimension")
    parts = re.split(r"[,\s]+", text.strip().strip(","))
    return tuple(None if part in unknown else int(part) for part in parts)

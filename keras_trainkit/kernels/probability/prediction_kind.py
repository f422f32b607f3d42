"""What a model's outputs are: probabilities of classes, of yes, or numbers."""

KINDS = ("classification", "binary", "regression")

# Probabilities in bfloat16, of 8 bits, add up to 1 but for less than that.
ROUNDING = 1e-2


def kind_of_values(lowest, highest, off_one, classes):
    """Tells the kind of a prediction by the values of all its samples.

    Args:
        lowest: Float, the smallest value of any sample.
        highest: Float, the largest one.
        off_one: Float, by how much a sum over the last axis differs from 1 at
            most.
        classes: Integer, the size of the last axis.

    Returns:
        `"classification"` if each row of each sample is a distribution over
        two classes or more, `"binary"` if all values are probabilities, else
        `"regression"`.
    """
    if not (lowest >= 0 and highest <= 1 + ROUNDING):
        return "regression"
    if classes > 1 and off_one <= ROUNDING:
        return "classification"
    return "binary"


def kind_of_logits(kind, classes):
    """Returns what logits are of: `kind`, or told by the last axis' size."""
    if kind != "auto":
        return kind
    return "classification" if classes > 1 else "binary"

"""What the comparisons by number of labels take on the command line."""

import argparse


def label_parser(description, labels, output):
    """Returns a parser of what all of them take."""
    parser = argparse.ArgumentParser(description=description)
    add = parser.add_argument
    add("--seeds", type=int, default=10)
    add("--labels", type=int, nargs="+", default=labels)
    add("--search", action="store_true", help="choose the settings anew")
    add("--shuffle-labels", action="store_true")
    add("--quick", action="store_true", help="few updates, for tests")
    add("--output", default=output)
    return parser


def parsed(parser, argv):
    """Returns the arguments, the numbers of labels in order."""
    args = parser.parse_args(argv)
    if args.seeds < 2:
        parser.error("--seeds must be at least 2, for a standard error")
    args.labels = sorted(args.labels)
    return args

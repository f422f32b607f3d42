"""Builds the site: `python docs/site/build.py --strict`."""

import argparse
import sys
from pathlib import Path

import assemble
from links import ROOT
from sphinx.cmd.build import main as sphinx


def main(arguments=None):
    """Returns Sphinx's exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "site")
    parser.add_argument("--strict", action="store_true")
    asked = parser.parse_args(arguments)
    pages = asked.output.with_name(asked.output.name + "_pages")
    assemble.write(pages)
    strict = ["-E", "--fail-on-warning"] if asked.strict else []
    here = str(Path(__file__).parent)
    return sphinx(["-q", "-c", here, *strict, str(pages), str(asked.output)])


if __name__ == "__main__":
    sys.exit(main())

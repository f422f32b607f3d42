"""Tests of the site, where the generator is installed: nox's session `site`."""

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "docs" / "site"), str(ROOT / "benchmarks")]
# The others have no need of it, and the pages are built once.
collect_ignore_glob = [] if importlib.util.find_spec("myst_parser") else ["*"]

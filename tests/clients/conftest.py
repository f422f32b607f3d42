"""Tests on other libraries' models, where these libraries are installed."""

import importlib.util

# The session `clients` of nox installs it; see the extra in setup.cfg.
collect_ignore_glob = [] if importlib.util.find_spec("keras_hub") else ["*"]

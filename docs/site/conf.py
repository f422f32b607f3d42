"""What Sphinx is told.

Why Sphinx, as of November 2026: it had a release last month, checks every link
and anchor in a strict build, and its search needs neither a server nor the
network. MkDocs has had no release since August 2024, Material for MkDocs ends
in May 2027, and its successor Zensical calls its support of API pages
preliminary and installs MkDocs for it. Sphinx's own autodoc would import Keras
with a backend, and reads reStructuredText; the docstrings are Markdown, and
sources.py reads them without an import.
"""

import configparser
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

_setup = configparser.ConfigParser()
_setup.read(HERE.parents[1] / "setup.cfg", "utf-8")

project = "keras-trainkit"
author = _setup["metadata"]["author"]
copyright = author
extensions = ["myst_parser", "name_links"]

myst_enable_extensions = ["colon_fence", "deflist"]
# As GitHub does: one link to a heading is right in both places.
myst_heading_anchors = 4
nitpicky = True
maximum_signature_line_length = 70
toc_object_entries_show_parents = "hide"

html_theme = "pydata_sphinx_theme"
html_title = "keras-trainkit"
html_static_path = [str(HERE / "static")]
html_css_files = ["style.css"]
# Without one, browsers ask for favicon.ico, and log that it is not there.
html_favicon = str(HERE / "static" / "favicon.svg")
html_show_sourcelink = False
html_copy_source = False
html_show_sphinx = False
# As the reader's system has it; without this line the theme logs an error.
html_context = {"default_mode": "auto"}
# Pages without others below them need no list of these.
html_sidebars = {page: [] for page in ("changelog", "checks", "contributing")}
html_theme_options = {
    "github_url": "https://github.com/keras-trainkit/keras-trainkit",
    "header_links_before_dropdown": 7,
    "navigation_with_keys": False,
    "back_to_top_button": False,
    "collapse_navigation": True,
    "show_toc_level": 2,
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
    "footer_start": ["copyright"],
    "footer_end": [],
}

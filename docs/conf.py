"""Sphinx builds these pages: `python3 dev.py test docs`, or `sphinx-build -W docs docs/_build/html`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from placement import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "placement"
author = "the placement contributors"
release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
autodoc_typehints = "none"  # the docstrings give types, with shapes and units
napoleon_google_docstring = False
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"placement {release}"

myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4  # a link may point at any heading down to ####
# Prices are full of dollar signs: $25.25 is money, and only $x$ without inner spaces is a formula.
myst_dmath_allow_digits = False
myst_dmath_allow_space = False


def describe(_app: Sphinx, _what: str, _name: str, _object: object, _options: object, lines: list[str]) -> None:
    """Our `name : what it is` of a parameter, as napoleon reads it: the name, and what it is indented below."""
    found: list[str] = []
    for line in lines:
        parameter = re.match(r"(\w+(?:, \w+)*) : (.+)", line)
        found += [parameter[1], f"    {parameter[2]}"] if parameter else [line]
    lines[:] = found


def setup(app: Sphinx) -> None:
    """Before napoleon, which has priority 500."""
    app.connect("autodoc-process-docstring", describe, priority=400)

"""Sphinx builds these pages: `python3 dev.py test docs`, or `sphinx-build -W docs docs/_build/html`."""

from placement import __version__

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
myst_heading_anchors = 3  # a link may point at any heading down to ###
# Prices are full of dollar signs: $25.25 is money, and only $x$ without inner spaces is a formula.
myst_dmath_allow_digits = False
myst_dmath_allow_space = False

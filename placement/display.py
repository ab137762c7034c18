"""How answers show themselves: what a result or a plan is asked to draw is drawn by rooms above this one, by name.

A `Result` is made where nothing knows of pages and pictures, and stays so; what draws it is loaded when it is asked.
"""

import importlib
from typing import Any

_DRAWN_BY = {
    "result_html": "placement.report.drawn:result_html",
    "result_page": "placement.report.drawn:result_page",
    "result_svg": "placement.report.drawn:result_svg",
    "result_frame": "placement.report.frames:result_frame",
    "plan_html": "placement.report.drawn:plan_html",
    "plan_frame": "placement.report.frames:plan_frame",
}


def draw(what: str, *given: Any) -> Any:
    """Call the function that draws one of the above."""
    module, _, name = _DRAWN_BY[what].partition(":")
    return getattr(importlib.import_module(module), name)(*given)

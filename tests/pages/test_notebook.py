"""The example notebook runs from the top, as a reader would run it."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.pages

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "start" / "notebook.ipynb"


@pytest.mark.slow
def test_the_example_notebook_runs(tmp_path: Path) -> None:
    """Every cell; results and plans show themselves as HTML, and the page is written."""
    nbclient = pytest.importorskip("nbclient", reason="the extra `pages` is not installed")
    nbformat = pytest.importorskip("nbformat", reason="the extra `pages` is not installed")
    notebook = nbformat.read(NOTEBOOK, as_version=4)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the kernel's own start
        nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()

    shown = [kind for cell in notebook.cells for output in cell.get("outputs", []) for kind in output.get("data", {})]
    assert shown.count("text/html") == 4
    assert (tmp_path / "report.html").read_text("utf-8").startswith("<!doctype html>")


def test_the_example_notebook_is_stored_without_outputs() -> None:
    """Those of one machine and day would be in the way of every change."""
    cells: list[dict[str, Any]] = json.loads(NOTEBOOK.read_text("utf-8"))["cells"]

    assert [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")] == []

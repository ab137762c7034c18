"""What a written document replaces, and what it must not."""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING

import pytest

import placement

if TYPE_CHECKING:
    from pathlib import Path


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """The file that it names is written."""
    (tmp_path / "real.json").write_text("old", encoding="utf-8")
    link = tmp_path / "link.json"
    link.symlink_to("real.json")
    placement.write({"a": 1}, link)
    assert link.is_symlink()
    assert json.loads((tmp_path / "real.json").read_text(encoding="utf-8")) == {"a": 1}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_written_through(tmp_path: Path) -> None:
    """Its reader gets the document, and the pipe is still one."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    heard: list[str] = []
    reader = threading.Thread(target=lambda: heard.append(pipe.read_text(encoding="utf-8")), daemon=True)
    reader.start()
    placement.write({"a": 1}, pipe)
    reader.join(timeout=10)
    assert json.loads(heard[0]) == {"a": 1}
    assert pipe.is_fifo()

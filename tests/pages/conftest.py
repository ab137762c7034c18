"""One browser for all tests of pages; where there is none they are skipped, and say so."""

from __future__ import annotations

import os
import shutil
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

# A browser that looks for nothing outside, and starts anew.
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 900}


def find_browser() -> str | None:
    """The browser that `PLACEMENT_BROWSER` names, or the first known one."""
    return os.environ.get("PLACEMENT_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, started once."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the extra `pages` is not installed")
    path = find_browser()
    if path is None:
        pytest.skip("no Chromium here: on Debian, as root, apt-get install chromium; or name one in PLACEMENT_BROWSER")
    flags = [*FLAGS, *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else [])]
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=path, args=flags)
        yield found
        found.close()


class Opened(NamedTuple):
    """A page that was opened, and what it complained of or asked for beside itself."""

    page: Page
    complaints: list[str]


Opener = "Callable[..., Opened]"


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Opens the text of a page as a file: ``opened(text, viewport=PHONE, color_scheme="dark")``."""
    contexts = []

    def open_page(text: str, **options: Any) -> Opened:
        context = browser.new_context(**{"viewport": DESKTOP, "offline": True, "reduced_motion": "reduce", **options})
        contexts.append(context)
        page = context.new_page()
        file = tmp_path / f"page-{len(contexts)}.html"
        file.write_text(text, encoding="utf-8")
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", partial(_refuse, complaints))
        page.on("request", lambda request: _asked(complaints, request.url, file.as_uri()))
        page.goto(file.as_uri())
        return Opened(page, complaints)

    yield open_page
    for context in contexts:
        context.close()


def wait_until(page: Page, condition: str, patience: int = 30_000) -> None:
    """Wait until the expression is true in the page.

    ``page.wait_for_function`` can't do that here. It evaluates a string in the page's own code when it looks a second
    time, and the page's policy forbids that. So it fails as soon as the condition isn't true at once.
    """
    step = 20
    for _ in range(int(patience / step)):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(step)
    msg = f"not true within {patience / 1000:g} seconds: {condition}"
    raise AssertionError(msg)


def _refuse(complaints: list[str], dialog: Any) -> None:
    complaints.append(f"dialog: {dialog.message}")
    dialog.dismiss()


def _asked(complaints: list[str], url: str, own: str) -> None:
    if url != own and not url.startswith("data:"):
        complaints.append(f"asks for {url}")

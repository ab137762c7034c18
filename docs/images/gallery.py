"""Draw the gallery, and take the README's pictures of pages.

    placement solve instances/NAME.yaml --output docs/images/gallery/NAME.json
    python docs/images/gallery.py                  # each plan's map, light and dark
    python docs/images/gallery.py --screenshots    # and the pages in a browser; needs the extra `pages` and a Chromium

Each plan is verified before it is drawn.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import placement
from placement.report.drawn import headline
from placement.report.facts import gather
from placement.report.map.picture import picture
from placement.report.page.page import render
from placement.report.still import THEMES

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HERE = Path(__file__).resolve().parent
GALLERY = HERE / "gallery"
INSTANCES = HERE.parents[1] / "instances"


class Shot(NamedTuple):
    """A picture of a page: its file, the plan, the screen's size and theme, and where to scroll to."""

    file: str
    name: str
    size: tuple[int, int]
    scheme: Literal["light", "dark"]
    anchor: str = ""


SHOTS = (
    Shot("report-desktop.png", "sagemaker-whole-gpu", (1180, 1010), "light"),
    Shot("report-phone.png", "kubernetes-mixed-gpus", (390, 780), "dark", "bill"),
)


@cache
def planned() -> dict[str, tuple[placement.Problem, placement.Plan]]:
    """Every instance that has a plan in the gallery."""
    return {
        path.stem: (placement.read(INSTANCES / f"{path.stem}.yaml"), placement.read_plan(path))
        for path in sorted(GALLERY.glob("*.json"))
    }


@cache
def maps() -> dict[str, str]:
    """File name and text of each map."""
    found = {}
    for name, (problem, plan) in planned().items():
        violations = placement.verify(problem, plan).violations
        if violations:
            raise SystemExit(f"{name}: {violations[0]}")
        facts = gather(problem, plan)
        for theme in THEMES:
            found[f"{name}-{theme}.svg"] = picture(facts, headline(problem, plan, facts), theme)
    return found


def shoot(browser: Browser, shot: Shot, path: Path) -> None:
    """Take one picture of a page."""
    page = path.with_suffix(".html")
    page.write_text(render(*planned()[shot.name]), encoding="utf-8")
    width, height = shot.size
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=shot.scheme, reduced_motion="reduce"
    )
    tab = context.new_page()
    tab.goto(f"{page.as_uri()}#{shot.anchor}" if shot.anchor else page.as_uri())
    tab.screenshot(path=path)
    context.close()
    page.unlink()


def main(arguments: list[str]) -> None:
    """Write all files; with ``--screenshots`` those of pages too."""
    for name, text in maps().items():
        (GALLERY / name).write_text(text, encoding="utf-8")
    if "--screenshots" in arguments:
        from playwright.sync_api import sync_playwright

        from tests.pages.conftest import FLAGS, find_browser

        with sync_playwright() as started:
            browser = started.chromium.launch(executable_path=find_browser(), args=[*FLAGS, "--no-sandbox"])
            for shot in SHOTS:
                shoot(browser, shot, HERE / shot.file)
            browser.close()


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parents[1]))
    main(sys.argv[1:])

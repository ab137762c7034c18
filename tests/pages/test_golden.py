"""The README's pictures of pages are what the pages look like, roughly: fonts differ from machine to machine."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from docs.images import gallery

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.pages

# Both pictures shrunk to blocks of 24 pixels; the mean distance of their colours, 0 to 255.
DISTANCE = """async ([one, other]) => {
    const pixels = async source => {
        const picture = new Image();
        picture.src = `data:image/png;base64,${source}`;
        await picture.decode();
        const canvas = new OffscreenCanvas(Math.round(picture.width / 24), Math.round(picture.height / 24));
        const context = canvas.getContext("2d");
        context.imageSmoothingQuality = "high";
        context.drawImage(picture, 0, 0, canvas.width, canvas.height);
        return context.getImageData(0, 0, canvas.width, canvas.height).data;
    };
    const [a, b] = [await pixels(one), await pixels(other)];
    return a.length === b.length ? a.reduce((sum, value, k) => sum + Math.abs(value - b[k]), 0) / a.length : 255;
}"""
FAR = 8  # a page without its style sheets is at 18, and so is one whose heading has gone and all below moved up


@pytest.mark.parametrize("shot", gallery.SHOTS, ids=lambda shot: shot.file)
def test_the_pictures_are_those_of_the_pages(shot: gallery.Shot, browser: Browser, tmp_path: Path) -> None:
    """Taken again from the same plan and compared. When it fails, look at both; store the better one."""
    gallery.shoot(browser, shot, tmp_path / shot.file)

    pictures = [(folder / shot.file).read_bytes() for folder in (gallery.HERE, tmp_path)]
    tab = browser.new_page()
    distance = tab.evaluate(DISTANCE, [base64.b64encode(one).decode() for one in pictures])
    tab.close()

    assert distance < FAR

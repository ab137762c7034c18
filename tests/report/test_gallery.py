"""The pictures in the documentation are what the library draws, of plans that keep every rule."""

from __future__ import annotations

import re

import pytest

from docs.images import gallery
from tests.report.plans import INSTANCES

LARGEST = 150_000  # bytes of a picture


def test_the_gallery_has_every_instance() -> None:
    """A map in both themes for each that has a plan; each is on the page, also those proven to have none."""
    page = (gallery.HERE.parent / "guide" / "gallery.md").read_text("utf-8")
    names = {path.stem for path in INSTANCES.glob("*.yaml")}

    assert set(re.findall(r"^## `([\w-]+)`", page, re.MULTILINE)) == names
    assert set(re.findall(r"gallery/([\w-]+)-light\.svg", page)) == set(gallery.planned())
    assert names - set(gallery.planned()) == {"infeasible-tight"}


def test_every_map_is_stored() -> None:
    """And nothing beside them."""
    assert {path.name for path in gallery.GALLERY.glob("*.svg")} == set(gallery.maps())


@pytest.mark.parametrize("name", sorted(path.name for path in gallery.GALLERY.glob("*.svg")))
def test_a_stored_map_is_what_is_drawn(name: str) -> None:
    """Else: python docs/images/gallery.py, and look at what came out."""
    assert (gallery.GALLERY / name).read_text("utf-8") == gallery.maps()[name]


def test_pictures_are_small() -> None:
    """They are loaded by everybody who reads the page."""
    pictures = [path for path in gallery.HERE.rglob("*") if path.suffix in (".svg", ".png")]

    assert pictures
    assert [path.name for path in pictures if path.stat().st_size > LARGEST] == []

"""Small fleets, written by hand, for the tests of the heuristics."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from placement.compiled.fleet import Fleet, compile_fleet
from placement.documents import Problem

if TYPE_CHECKING:
    from tests.reading import Doc

MAKE_FLEET = Path(__file__).resolve().parents[3] / "shared" / "suites" / "make_fleet.py"


def document(components: list[Doc], **more: Any) -> Doc:
    """Three zones, in each a big machine (8 x 80 GiB, $8) and a small one (1 x 80 GiB, $2), with these components."""
    pools = [
        {"name": f"{kind}-{zone}", "instance_type": kind, "zone": zone} for zone in "abc" for kind in ("big", "small")
    ]
    return {
        "format": "placement/v1",
        "name": "by-hand",
        "accelerators": {"A": {"memory_gib": 80}},
        "instance_types": {
            "big": _type(8, 96, 1024, 8.0),
            "small": _type(1, 12, 128, 2.0),
        },
        "pools": pools,
        "components": components,
        **more,
    }


def _type(accelerators: int, vcpus: float, memory: float, price: float) -> Doc:
    return {
        "accelerator": "A",
        "accelerator_count": accelerators,
        "vcpus": vcpus,
        "memory_gib": memory,
        "price_per_hour": price,
    }


def component(name: str, copies: int, memory: float, accelerators: int = 1, **more: Any) -> Doc:
    """Copies that share accelerators, with `memory` GiB on each; `more` are keys of the document."""
    row = {"name": name, "copies": copies, "accelerators": accelerators, "accelerator_memory_gib": memory}
    return {"shared": True, **row, **more}


def fleet_of(components: list[Doc], **more: Any) -> Fleet:
    """The compiled :func:`document`."""
    return compile_fleet(Problem(**document(components, **more)))


def suite(family: str, size: int, seed: int) -> Doc:
    """A problem of the generator beside the repository; the test is skipped, visibly, when it is absent."""
    if not MAKE_FLEET.is_file():
        pytest.skip("no fleet generator: ../shared/suites/make_fleet.py is not beside the repository")
    made: Doc = runpy.run_path(str(MAKE_FLEET))["fleet"](family, size, seed)
    return dict(json.loads(json.dumps(made)))

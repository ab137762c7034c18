"""Throughput within limits against what was derived from the same measurements elsewhere, where they are at hand."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import pytest

from placement.profiles import Limits, Profile, Size, choose

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "published" / "llm-serving-perf"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no published measurements at {FOLDER}")
Group = tuple[str, str, int, int]  # model, precision, input and output tokens


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _group(row: dict[str, str]) -> Group:
    return row["model"], row["precision"], int(row["input_tokens"]), int(row["output_tokens"])


def _profile(row: dict[str, str]) -> Profile:
    return Profile(
        model=row["model"],
        accelerator=row["system"],
        accelerators=int(row["gpus_per_replica"]),
        engine=row["backend"],
        version=row["backend_version"],
        precision=row["precision"],
        input_tokens=int(row["input_tokens"]),
        output_tokens=int(row["output_tokens"]),
        ttft_ms=float(row["ttft_ms"]),
        tpot_ms=float(row["tpot_ms"]),
        requests_per_second=float(row["req_per_s_est"]),
        memory_gib=None,
        source="measured_points.csv",
    )


def test_the_best_within_limits_is_the_published_one() -> None:
    """For 14 models, 3 limits on the time of a token and 5 seconds to the first: the same groups, the same rates."""
    measured: dict[Group, list[Profile]] = defaultdict(list)
    for row in _rows("measured_points.csv"):
        if row["precision"]:  # the published capacities leave out those of unknown precision
            measured[_group(row)].append(_profile(row))
    expected: dict[tuple[Group, float], dict[tuple[str, int], float]] = defaultdict(dict)
    for row in _rows("capacity_under_slo.csv"):
        key = row["system"], int(row["gpus_per_replica"])
        expected[_group(row), float(row["tpot_slo_ms"])][key] = float(row["req_per_s_est"])

    checked = 0
    for group, rows in measured.items():
        model, _, inputs, outputs = group
        for tpot in (30.0, 50.0, 100.0):
            found = choose(rows, Limits(ttft_ms=5000.0, tpot_ms=tpot), Size(inputs, outputs)).of_model[model]
            best = {(c.accelerator, c.accelerators): c.requests_per_second for c in found}
            assert best == expected.get((group, tpot), {})
            checked += len(best)
    assert checked == sum(map(len, expected.values())) == 842

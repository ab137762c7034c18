"""`placement export ray`, `kserve` and `keda`: files in a folder of their own, notes on stderr."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from placement.cli.app import app
from placement.cli.platforms.shared import tell_notes
from placement.integrations.notes import Notes
from tests.integrations.kserve.test_kserve import PLAN, PROBLEM

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "ray": [".placement-export.json", "nodes.json", "serve.yaml"],
    "kserve": [".placement-export.json", "inference-services.yaml"],
    "keda": [".placement-export.json", "scaled-objects.yaml"],
}
EXTRA = {"keda": ("--target", "2")}


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """A problem and a plan of it."""
    problem, plan = tmp_path / "problem.json", tmp_path / "plan.json"
    problem.write_text(json.dumps({"format": "placement/v1", **PROBLEM}))
    plan.write_text(json.dumps({"format": "placement-plan/v1", **PLAN}))
    return str(problem), str(plan)


def run(platform: str, *arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    result = CliRunner().invoke(app, ["export", platform, *map(str, arguments), *EXTRA.get(platform, ())])
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("platform", list(FILES))
def test_a_folder_of_its_own(platform: str, files: tuple[str, str], tmp_path: Path) -> None:
    """Whole, with notes; not written over unless that is asked for, and the same again."""
    out = tmp_path / "out"
    code, text, said = run(platform, *files, "--out", out)
    assert (code, text) == (0, "")
    assert sorted(path.name for path in out.iterdir()) == FILES[platform]
    assert "note: " in said
    assert str(out / FILES[platform][-1]) in said
    first = {path.name: path.read_text() for path in out.iterdir()}
    code, _, said = run(platform, *files, "--out", out)
    assert code == 2
    assert "--force" in said
    assert run(platform, *files, "--out", out, "--force")[0] == 0
    assert {path.name: path.read_text() for path in out.iterdir()} == first


@pytest.mark.parametrize("option", ["file", "--facts", "--from-json"])
def test_an_import_never_writes_over_what_it_reads(option: str, tmp_path: Path) -> None:
    """Not even with --force, and under whatever name."""
    given = tmp_path / "given.json"
    given.write_text("{}")
    read = {
        "file": ("kubernetes", given),
        "--facts": ("kubernetes", tmp_path / "cluster.json", "--facts", given),
        "--from-json": ("sagemaker", "--from-json", tmp_path),
    }
    words = ["import", *read[option], "--output", tmp_path / "." / "given.json", "--force"]
    result = CliRunner().invoke(app, list(map(str, words)))
    assert result.exit_code == 2
    assert "which would be lost; name another file" in " ".join(result.stderr.split())
    assert given.read_text() == "{}"


@pytest.mark.parametrize("platform", list(FILES))
def test_a_plan_that_breaks_a_rule_is_not_exported(platform: str, files: tuple[str, str], tmp_path: Path) -> None:
    """Exit code 1, the rule, and no folder."""
    problem, _ = files
    short = tmp_path / "short.json"
    short.write_text(json.dumps({"format": "placement-plan/v1", **PLAN, "assignments": PLAN["assignments"][1:]}))
    code, _, said = run(platform, problem, short, "--out", tmp_path / "out")
    assert code == 1
    assert "[min-copies]" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("platform", "option", "said"),
    [
        ("ray", ("--pin", "gpu"), '--pin: no "gpu"'),
        ("ray", ("--import-path", "app"), '"app" is no import path; write module:function'),
        ("kserve", ("--sharing", "mps"), '--sharing: no "mps"'),
        ("keda", ("--query", "sum(up)"), "the query must have $NAME"),
    ],
)
def test_bad_input(platform: str, option: tuple[str, str], said: str, files: tuple[str, str], tmp_path: Path) -> None:
    """Exit code 2, and the way out."""
    code, _, text = run(platform, *files, "--out", tmp_path / "out", *option)
    assert code == 2
    assert said in text
    assert not (tmp_path / "out").exists()


def test_a_peak_has_more_copies_and_keeps_the_other_rules(tmp_path: Path) -> None:
    """As the guide does it: what is planned for the copies of the peak is the most that each service has."""
    row = {"name": "chat", "copies": 2, "accelerators": 1, "throughput": 8, "spread": {"max_per_instance": 3}}
    document = {**PROBLEM, "components": [row]}
    for name, copies in (("low", 2), ("peak", 6)):
        (tmp_path / f"{name}.json").write_text(
            json.dumps({"format": "placement/v1", **document, "components": [{**row, "copies": copies}]})
        )
        found = CliRunner().invoke(
            app, ["solve", str(tmp_path / f"{name}.json"), "-q", "-o", str(tmp_path / f"{name}-plan.json")]
        )
        assert found.exit_code == 0, found.stderr
    plans = (tmp_path / "low.json", tmp_path / "low-plan.json", "--peak", tmp_path / "peak-plan.json")
    assert run("keda", *plans, "--out", tmp_path / "out")[0] == 0
    rows = list(YAML(typ="safe", pure=True).load_all(tmp_path / "out" / "scaled-objects.yaml"))
    assert sum(row["spec"]["minReplicaCount"] for row in rows if row) == 2
    assert sum(row["spec"]["maxReplicaCount"] for row in rows if row) == 6

    peak = json.loads((tmp_path / "peak-plan.json").read_text())
    first = peak["assignments"][0]
    peak["assignments"] = [
        {**first, "accelerators": copy["accelerators"], "instance": first["instance"]} for copy in peak["assignments"]
    ]
    (tmp_path / "peak-plan.json").write_text(json.dumps(peak))
    code, _, said = run("keda", *plans, "--out", tmp_path / "other")
    assert (code, "max-per-instance" in said) == (1, True)
    assert run("keda", "-", tmp_path / "low-plan.json", "--peak", "-", "--out", tmp_path / "x")[0] == 2


@pytest.mark.parametrize("platform", list(FILES))
def test_a_plan_of_another_problem(platform: str, files: tuple[str, str], tmp_path: Path) -> None:
    """It ends as with other commands that take a problem and a plan, also where the plan breaks rules of this one."""
    out = tmp_path / "out"
    for rows in (PLAN["assignments"], PLAN["assignments"][:1]):
        plan = {**PLAN, "format": "placement-plan/v1", "problem": "x", "assignments": rows}
        (tmp_path / "plan.json").write_text(json.dumps(plan))
        code, _, said = run(platform, *files, "--out", out)
        assert (code, out.exists()) == (2, False)
        assert '/plan.json at $.problem: is a plan of the problem "x"' in said
        assert "so it can't be exported; give it with its own problem" in said


def test_of_many_notes_alike_one_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """A note of each of many components hid all that came after: the first twenty were told."""
    notes = Notes()
    for name in ("title", "b-1", "shop/chat 8b", *(f"model-{index}" for index in range(30))):
        notes.inexact(f"component {name}", f"nothing tells how {name} is run, for 3 copies")
        notes.inexact(f"component {name} zones", "may be broken")
    notes.assumed("calls", "were not checked")

    tell_notes(list(notes))
    told = capsys.readouterr().err.splitlines()
    like = "(32 more like it: b-1, shop/chat 8b, model-0, model-1 and 28 more)"
    assert told == [
        f"note: component title: inexact: nothing tells how title is run, for 3 copies {like}",
        f"note: component title zones: inexact: may be broken {like}",
        "note: calls: assumed: were not checked",
        "note: 64 more, each like one of these; --full lists each",
    ]
    tell_notes(list(notes), full=True)
    assert capsys.readouterr().err.splitlines() == [f"note: {note}" for note in notes]
    few = list(notes)[4:9]
    tell_notes(few)
    assert capsys.readouterr().err.splitlines() == [f"note: {note}" for note in few]

    for index in range(30):
        notes.ignored("x" * (index + 1), "of no kind that was there before")
    tell_notes(list(notes))
    *told, last = capsys.readouterr().err.splitlines()
    assert len(told) == 20
    assert last == "note: 77 more; --full lists each"

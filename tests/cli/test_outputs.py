"""Commands that write several files: all of them are there, or none, and what stood there before is kept."""

from __future__ import annotations

import errno
import io
import json
from pathlib import Path
from typing import Any

import pytest

from placement.cli.answers import Output, write_or_keep
from placement.cli.endings import OPTIONS, unwritable_output
from placement.errors import UsageError
from tests.cli.test_simulate import POLICY, PROBLEM, TRAFFIC
from tests.cli.test_solve import run
from tests.corpus import first

FULL = Path("/dev/full")
GPUS = {
    "format": "placement/v1",
    "accelerators": {"L4": {"memory_gib": 24}},
    "instance_types": {
        "g6": {"accelerator": "L4", "accelerator_count": 1, "vcpus": 8, "memory_gib": 32, "price_per_hour": 1}
    },
    "pools": [{"name": "a", "instance_type": "g6", "zone": "z", "max_instances": 4}],
    "components": [{"name": "chat", "copies": 2, "accelerator_memory_gib": 8, "shared": True}],
    "instances": [{"id": "i-1", "pool": "a"}],
    "placements": [{"component": "chat", "instance": "i-1"}] * 2,
}
PLAN = {
    "format": "placement-plan/v1",
    "status": "feasible",
    "instances": [{"id": "n-1", "pool": "a", "new": True}],
    "assignments": [{"component": "chat", "instance": "n-1", "option": 0, "accelerators": [0]}] * 2,
}
SCENARIOS = {
    "format": "placement-scenarios/v1",
    "scenarios": [{"name": "day", "weight": 1}],
    "commitments": [{"name": "c", "pools": ["a"], "discount": 0.4}],
}

COMMANDS = {
    "solve": "solve fleet.json --solver ffd --output out.json --report full.html",
    "report": "report fleet.json plan.json --html out.html --picture full.svg",
    "headroom": "headroom fleet.json --factors 1 --work 20 --output out.json --picture full.svg",
    "make-room": "make-room fleet.json --component chat --work 20 --output out.json --picture full.svg",
    "transition": "transition fleet.json plan.json --output out.json --picture full.svg",
    "rollout": "rollout fleet.json --component chat --to 0 --output out.json --picture full.svg",
    # These two take longer than the others, and are for the night.
    "replan": "replan fleet.json --moves 0 --work 20 --output out.json --picture full.svg",
    "simulate": "simulate p.json policy.yaml --traffic rates.csv --until 10m --strategy first-fit --no-floor "
    "--output out.json --report full.html",
}


@pytest.fixture
def folder(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the commands read, a file from before, and names that stand for a full disk."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path_factory.mktemp("kept")))
    monkeypatch.chdir(tmp_path)
    documents = {"fleet": GPUS, "plan": PLAN, "scenarios": SCENARIOS, "p": PROBLEM}
    for name, document in documents.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    (tmp_path / "policy.yaml").write_text(POLICY)
    (tmp_path / "rates.csv").write_text(TRAFFIC)
    for suffix in ("json", "html", "svg"):
        (tmp_path / f"full.{suffix}").symlink_to(FULL)
    for name in ("out.json", "out.html"):
        (tmp_path / name).write_text("before")
    return tmp_path


@pytest.fixture(autouse=True)
def temporary(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where answers are kept that can't be written."""
    made = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr("tempfile.tempdir", str(made))
    return made


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder and what it holds, but the files that stand for a full disk."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.skipif(not FULL.exists(), reason="/dev/full is a Linux thing")
@pytest.mark.parametrize("name", first(COMMANDS, 6))
def test_a_file_that_can_t_be_written_keeps_the_others_as_they_were(name: str, folder: Path) -> None:
    """A plan of today beside the picture of yesterday would be taken for its picture."""
    before = contents(folder)

    done = run(*COMMANDS[name].split())

    assert done.exit_code == 2, done.stderr
    assert "can't be written: No space left on device" in done.stderr
    written = contents(folder)
    written.pop("out.json.checkpoint.json", None)  # what was played is kept for --resume
    assert written == before
    assert not list(folder.glob(".*"))


@pytest.mark.skipif(not FULL.exists(), reason="/dev/full is a Linux thing")
def test_no_plans_without_the_answer(folder: Path) -> None:
    """The folder of the scenarios' plans is gone again."""
    done = run("scenarios", "fleet.json", "scenarios.json", "--work", "20", "-o", "full.json", "--plans", "plans")

    assert done.exit_code == 2
    assert "full.json: can't be written: No space left on device" in done.stderr
    assert not (folder / "plans").exists()


@pytest.mark.parametrize("name", first(sorted(COMMANDS), 2))
def test_all_files_are_there_where_all_can_be_written(name: str, folder: Path) -> None:
    """The other case of the same commands."""
    done = run(*COMMANDS[name].replace("full.", "new.").split())

    assert done.exit_code == 0, done.stderr
    written = contents(folder)
    assert {"new.svg", "new.html"} & set(written)
    assert written["out.html" if name == "report" else "out.json"] != b"before"


@pytest.mark.parametrize(("answer", "suffix"), [({"found": 1}, ".json"), ("# found", ".txt")])
def test_what_standard_output_has_no_room_for_is_kept(
    answer: dict[str, Any] | str, suffix: str, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By every command that searches: documents and texts."""

    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sys.stdout", Full())
    with pytest.raises(UsageError, match=r"^standard output can't be written: No space left on device; the answer is "):
        write_or_keep([Output("-", lambda: answer)])
    (kept,) = temporary.iterdir()
    assert kept.suffix == suffix
    assert kept.read_text() == "# found" if isinstance(answer, str) else json.loads(kept.read_text()) == answer


@pytest.mark.parametrize(
    ("given", "way_out"),
    [
        ("--output", "; name a file where there is room with --output FILE"),
        ("standard input", "; name a file where there is room in place of -"),
        ("plan.json", ""),
        ("", ""),
    ],
)
def test_the_way_out_is_that_of_the_command(given: str, way_out: str) -> None:
    """What errors call the output: the option, standard output given as `-`, or a file, where the tables failed."""
    before = OPTIONS.set({"output": given} if given else {})
    try:
        assert unwritable_output(OSError(errno.ENOSPC, "full")) == f"standard output can't be written: full{way_out}"
    finally:
        OPTIONS.reset(before)

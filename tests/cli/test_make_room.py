"""`placement make-room`: the answer on the screen and in a file, exit codes, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement import Problem
from tests.cli.test_solve import run
from tests.replanning.test_room import gpus

if TYPE_CHECKING:
    from pathlib import Path

LOW = "low]<b>[red]"


def written(tmp_path: Path, **wish: Any) -> Path:
    """Two machines with four GPUs taken on each by low priority, and a wish."""
    document = gpus(
        [(LOW, 4), ("mid", 4)],
        [(LOW, 4)],
        components={
            LOW: {"copies": 2, "min_copies": 0, "accelerators": 4},
            "mid": {"copies": 1, "accelerators": 4},
            "wish": {"copies": 1, "accelerators": 8, "priority": 1, **wish},
        },
    )
    path = tmp_path / "fleet.json"
    path.write_text(json.dumps({"format": "placement/v1", **document}))
    return path


def kept_by_schema(room: dict[str, Any]) -> None:
    """The schema has every key of an answer and no other, all of them are there, and its types are those."""
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

    schema = json.loads(run("schema", "room").stdout)
    assert schema["title"] == "placement-room/v1"
    assert set(schema["properties"]) == set(schema["required"]) == set(room)
    assert [error.message for error in Draft202012Validator(schema).iter_errors(room)] == []


def test_the_answer(tmp_path: Path) -> None:
    """Who is evicted and why it may be, the order, and the proof; the file has the problem that its plan is of."""
    done = run("make-room", written(tmp_path), "--component", "wish", "--work", "400", "-o", tmp_path / "room.json")

    assert (done.exit_code, done.exception) == (0, None)
    assert "room: 1 eviction, 0 moves; fewer are not enough: proven" in done.stdout
    assert f"1 copy of {LOW} evicted (priority 0, below 1)" in done.stdout
    assert "drain and stop" in done.stdout
    assert f"copies that stop for good: {LOW}: 1\nall other copies that run now serve at every moment" in done.stdout
    room = json.loads((tmp_path / "room.json").read_text())
    assert (room["format"], room["status"], room["evictions"]) == ("placement-room/v1", "optimal", {LOW: 1})
    kept_by_schema(room)
    assert not placement.verify(Problem(**room["asked"]), placement.Plan(**room["plan"])).violations
    assert [step["action"] for step in room["transition"]["steps"]] == ["stop", "start", "wait"]


def test_surplus_copies_do_not_serve_on(tmp_path: Path) -> None:
    """What is not wanted any more stops, too, and the words on who serves say so."""
    document = gpus(
        [("a", 4), ("a", 4)], components={"a": {"copies": 1, "accelerators": 4}, "w": {"copies": 1, "accelerators": 4}}
    )
    path = tmp_path / "fleet.json"
    path.write_text(json.dumps({"format": "placement/v1", **document}))

    done = run("make-room", path, "--component", "w", "--work", "400", "-o", tmp_path / "room.json")

    assert "1 copy of a not wanted any more" in done.stdout
    assert "copies that stop for good: a: 1\nall other copies that run now serve at every moment" in done.stdout


def test_a_checklist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is evicted and what is proven, then a box for each step; the same in a file and on standard output."""
    monkeypatch.chdir(tmp_path)
    arguments = ("make-room", written(tmp_path), "--component", "wish", "--work", "400")
    done = run(*arguments, "--output", "room.md", "--format", "markdown")
    text = (tmp_path / "room.md").read_text("utf-8")

    assert done.exit_code == 0
    assert done.stdout == text
    assert text.startswith(
        "# Room for 1 copy of wish\n\n- wish: 1 copy more of wish, 0 run\n- room: 1 eviction, 0 moves;"
    )
    assert "- 1 copy of low\\]\\<b\\>\\[red\\] evicted (priority 0, below 1)\n" in text
    assert f"- [ ] drain and stop `{LOW}` on `n1` GPUs 0-3\n" in text
    assert text.endswith("- [ ] start `wish` on `n1` GPUs 0-7\n- [ ] wait until all are ready\n")


def test_a_gantt_chart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The chart says who is evicted, and where all wait; the table stands beside it."""
    monkeypatch.chdir(tmp_path)
    done = run(
        *("make-room", written(tmp_path), "--component", "wish", "--work", "400"),
        *("--output", "room.json", "--picture", "room.svg", "--picture", "room.png"),
    )
    svg = (tmp_path / "room.svg").read_text("utf-8")

    assert "room: 1 eviction" in done.stdout
    assert done.stderr.endswith("room.svg: the steps over time\nroom.png: the steps over time\n")
    assert ">1 copy of low]&lt;b&gt;[red] evicted (priority 0, below 1)<" in svg
    assert 'stroke-dasharray="1 4"' in svg
    assert (tmp_path / "room.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_what_standard_output_carries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON alone where no file is named; a table, a checklist or JSON where it is asked for; no table beside a file."""
    monkeypatch.chdir(tmp_path)
    arguments = ("make-room", written(tmp_path), "--component", "wish", "--work", "400")

    for options in ((), ("--format", "json", "-o", "room.json"), ("--output", "-")):
        assert json.loads(run(*arguments, *options).stdout)["evictions"] == {LOW: 1}
    for given in ((), ("--output", "-")):
        assert run(*arguments, *given, "--format", "table").stdout.startswith("wish: 1 copy more")
        assert run(*arguments, *given, "--format", "markdown").stdout.startswith("# Room for 1 copy of wish")
    assert run(*arguments, "--output", "-", "--quiet", "--format", "table").stdout.startswith("wish: 1 copy more")
    assert run(*arguments, "-o", "room.json", "--quiet").stdout == ""


def test_a_quiet_table_is_shown_where_it_is_the_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Into a pipe it is all that the command gives, as the JSON of a quiet `solve` is; a person sees no table."""
    quiet = ("make-room", written(tmp_path), "--component", "wish", "--work", "40", "--format", "table", "--quiet")
    assert run(*quiet).stdout.startswith("wish: 1 copy more")
    monkeypatch.setattr("placement.cli.streams.is_terminal", lambda stream: True)
    assert run(*quiet).stdout == ""


def test_no_room_as_a_checklist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing where, without a box to tick; a picture is not drawn, and the exit code is that of the answer."""
    monkeypatch.chdir(tmp_path)
    done = run(
        *("make-room", written(tmp_path, priority=0), "--component", "wish", "--work", "400"),
        *("--format", "markdown", "--picture", "room.svg"),
    )

    assert done.exit_code == 3
    assert "\n- no room: proven;" in done.stdout
    assert "\n- n1 beside low\\]\\<b\\>\\[red\\]: 4 accelerators missing" in done.stdout
    assert "- [ ]" not in done.stdout
    assert done.stderr.endswith("room.svg: not drawn, as there are no steps\n")
    assert not (tmp_path / "room.svg").exists()


def test_no_room(tmp_path: Path) -> None:
    """Exit code 3, the reason, and what is missing where."""
    done = run(
        "make-room", written(tmp_path, priority=0), "--component", "wish", "--work", "400", "-o", tmp_path / "room.json"
    )

    assert done.exit_code == 3
    assert "no room: proven" in done.stdout
    assert "n1 beside low]<b>[red]: 4 accelerators missing (4 free of 8 needed)" in done.stdout
    room = json.loads((tmp_path / "room.json").read_text())
    assert room["near"][0]["instance"] == "n1"
    kept_by_schema(room)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--component", "wihs"], '/fleet.json; did you mean "wish"?'),
        (["--component", "wihs"], 'placement: --component: no component "wihs" in /'),
        (
            ["--component", "wish", "-o", "room.txt"],
            "--output room.txt: the suffix says what is written, and must be .json, .yaml, .yml, .md",
        ),
        (["--component", "wish", "--picture", "room.gif"], "a picture is .svg or .png"),
        (["--component", "wish", "--format", "html"], '--format: no "html"; known: table, json, markdown'),
        (["--component", "wish", "--copies", "0"], "must be a whole number of at least 1, got 0"),
        (
            ["--component", "wish", "--copies", "9" * 20],
            "placement: --copies must be a whole number from 1 to 1000000, got 99",
        ),
        ([], "Missing option"),
    ],
)
def test_what_is_refused(tmp_path: Path, arguments: list[str], said: str) -> None:
    """In words, with exit code 2."""
    done = run("make-room", written(tmp_path), *arguments)

    assert done.exit_code == 2
    assert said in done.stderr

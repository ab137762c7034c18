"""What the checker's command says, word for word, and when the rules of one component alone leave no plan."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from placement import check_certificate
from placement.check_certificate import Leaf, Problem
from tests.certificates.cases import CASES, component, machine, machines, problem, use

if TYPE_CHECKING:
    from collections.abc import Callable

Doc = dict[str, Any]

GOOD = CASES["one class"].claiming(3_000_000)
WORD = {
    **GOOD,
    "nodes": [
        {
            "leaf": "engine",
            "engine": "CP-SAT 9.15",
            "says": "infeasible",
            "program": "NAME p",
            "about": "a plan",
            "at_least": [3_000_000, 1],
        }
    ],
}


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, list[str]]]:
    """The command as a function: exit status and lines, for a problem, a certificate, and a plan where there is one."""

    def asked(document: Any, made: Any, *flags: str, plan: Any = None) -> tuple[int, list[str]]:
        files = []
        for name, content in (("problem", document), ("certificate", made), ("plan", plan)):
            if content is not None:
                file = tmp_path / name
                file.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
                files.append(str(file))
        return check_certificate.main([*files, *flags]), capsys.readouterr().out.splitlines()

    return asked


def test_all_that_is_said_of_a_proof(ask: Callable[..., tuple[int, list[str]]]) -> None:
    assert ask(CASES["one class"].problem, GOOD) == (
        0,
        [
            "claim: 3.000000 dollars at least",
            "checked without any engine: 3.000000 dollars",
            "with the word of engines: 3.000000 dollars",
            "leaves: 1 prices",
            "",
        ],
    )


def test_how_many_copies_are_left_out_is_said(ask: Callable[..., tuple[int, list[str]]]) -> None:
    """Of the claim, of the trees for fewer, and of a plan that leaves out more."""
    case = CASES["within"]
    document = json.loads(json.dumps(case.problem))
    document["pools"][0]["max_instances"] = 2
    tree = {"within": {"0": 0}, "nodes": [{"leaf": "prices", "use": [[0, 1, 1]], "infeasible": True}]}
    made = {**case.claiming(2_000_000), "left_out": [tree]}
    (name,) = {row["name"] for row in document["components"]}
    (copies,) = {row["copies"] for row in document["components"]}
    (limit,) = made["within"].values()
    placed = [{"component": name}] * (copies - limit)
    status, lines = ask(document, made, plan={"cost": 2, "assignments": placed})
    assert status == 0
    assert lines[0] == f"claim: 2.000000 dollars at least, leaving out at most {{0: {limit}}}"
    assert lines[-2:] == [
        "no plan leaves out at most {0: 0}",
        "the plan costs 2.000000 dollars: no plan is cheaper",
    ]
    status, lines = ask(document, made, plan={"cost": 2, "assignments": placed[1:]})
    assert (status, lines[-1]) == (
        0,
        "the plan costs 2.000000 dollars, but leaves out more copies than the plans that this is of",
    )


@pytest.mark.parametrize(
    ("cost", "status", "words"),
    [
        (2.999999, 0, "the plan costs 2.999999 dollars: no plan is cheaper"),  # money is rounded to micro-dollars
        (2.999998, 1, "refused: the plan's cost of 2.999998 dollars is below that of any plan"),
    ],
)
def test_a_plan_may_be_a_micro_dollar_below_the_bound(
    cost: float, status: int, words: str, ask: Callable[..., tuple[int, list[str]]]
) -> None:
    plan = {"cost": cost, "assignments": [{"component": "m"}] * 5}
    found, lines = ask(CASES["one class"].problem, GOOD, plan=plan)
    assert (found, lines[-1].partition(": verify")[0]) == (status, words)


def test_what_can_not_be_read_is_said(
    tmp_path: Path, ask: Callable[..., tuple[int, list[str]]], capsys: pytest.CaptureFixture[str]
) -> None:
    status, lines = ask(CASES["one class"].problem, '{"a": 1, "a": 2}')
    assert status == 2
    assert lines[0].startswith("can not be read, as JSON: ")
    assert "the same key stands there twice" in lines[0]
    assert ask(CASES["one class"].problem, "{}") == (1, ["refused: there is no key 'format'"])
    absent = str(tmp_path / "absent")
    assert check_certificate.main([absent, absent]) == 2
    said = capsys.readouterr().out
    assert said.startswith("can not be read, as JSON: [Errno 2]")
    assert "FileNotFoundError" not in said


def test_files_are_read_as_utf_8(ask: Callable[..., tuple[int, list[str]]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the machine's own encoding is."""
    read = Path.read_text

    def as_utf_8(file: Path, encoding: str) -> str:
        assert encoding == "utf-8"
        return read(file, encoding)

    monkeypatch.setattr(Path, "read_text", as_utf_8)
    assert ask(CASES["one class"].problem, GOOD)[0] == 0


def test_twenty_faults_are_listed_and_nothing_is_said_of_trees_for_fewer(
    ask: Callable[..., tuple[int, list[str]]],
) -> None:
    """Fifty copies, and a leaf for each number of machines up to 22: none proves as much as is claimed."""
    document = problem("many", {"a": machine(1)}, [component("m", 50)])
    nodes: list[Doc] = []
    for k in range(22):
        nodes += [machines(["a"], k, 2 * k + 1, 2 * k + 2), use()]
    made = {**GOOD, "problem": "many", "claim": {"cost": [10**8, 1]}, "nodes": [*nodes, use()]}
    made["left_out"] = [{"within": {"0": 0}, "nodes": [use()]}]
    status, lines = ask(document, made)
    assert status == 1
    assert sum(line.startswith("refused: ") for line in lines) == 20
    assert not any(line.startswith("no plan leaves out") for line in lines)


@pytest.mark.parametrize(
    ("answer", "status", "told"),
    [
        (b"node 0: confirmed: HiGHS", 0, []),
        (b"node 0: contradicted: HiGHS \xff", 1, ["refused: node 0: contradicted: HiGHS \ufffd"]),
        (b"node 0: not decided: no", 1, ["refused: node 0 rests on the word of one engine"]),
    ],
)
def test_the_other_engine_is_heard(
    answer: bytes,
    status: int,
    told: list[str],
    ask: Callable[..., tuple[int, list[str]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is asked in a process of its own, by the script beside the checker, about the certificate."""
    commands = []

    def run(command: list[Any], *, capture_output: bool, check: bool) -> SimpleNamespace:
        assert (capture_output, check) == (True, False)
        commands.append([str(word) for word in command[1:]])
        return SimpleNamespace(stdout=answer)

    monkeypatch.setattr(subprocess, "run", run)
    flags = ["--recheck", "--strict"] if status == 0 or b"not decided" in answer else ["--recheck"]
    found, lines = ask(CASES["one class"].problem, WORD, *flags)
    assert found == status
    ((script, certificate),) = commands
    assert script.endswith("recheck_program.py")
    assert certificate.endswith("certificate")
    assert answer.decode("ascii", "replace") in lines
    assert [line for line in lines if line.startswith("refused")] == told


# --- Rules that leave no plan


def impossible(row: Doc, pools: list[Doc], **more: Any) -> bool:
    """Whether one component alone has no plan, on machines of two accelerators in these pools."""
    types = {"t": machine(1)}
    rows = [{"instance_type": "t", **pool} for pool in pools]
    compiled = Problem(problem("one", types, [row], rows, **more))
    (only,) = compiled.components.values()
    return only.impossible(Leaf(compiled, {}, {}))


def zones(*quotas: int) -> list[Doc]:
    """A pool a zone."""
    return [{"name": f"p{z}", "zone": f"z{z}", "max_instances": n} for z, n in enumerate(quotas)]


@pytest.mark.parametrize(
    ("row", "pools", "none"),
    [
        (component("m", 4), zones(2), False),  # two on a machine
        (component("m", 5), zones(2), True),
        (component("m", 5), zones(2, 1), False),
        (
            component("m", 6),
            [*zones(2), {"name": "q", "zone": "z0", "max_instances": 1}],
            False,
        ),  # of one zone together
        (component("m", 7), [*zones(2), {"name": "q", "zone": "z0", "max_instances": 1}], True),
        (component("m", 4, spread={"max_per_zone": 2}), zones(9, 9), False),
        (component("m", 5, spread={"max_per_zone": 2}), zones(9, 9), True),
        (component("m", 5, spread={"max_skew": 1}), zones(9, 1), False),  # three and two
        (component("m", 6, spread={"max_skew": 1}), zones(9, 1), True),  # at most three and two
        (component("m", 2, spread={"min_zones": 2}), zones(1, 1), False),
        (component("m", 3, spread={"min_zones": 3}), zones(9, 9), True),
        (component("m", 2, spread={"min_zones": 3}), zones(9, 9), False),  # no more zones than copies
        (component("m", 3, min_copies=0, spread={"min_zones": 3}), zones(9, 9), False),
        (component("m", 4, min_available_on_zone_loss=2), zones(9, 9), False),
        (component("m", 4, min_available_on_zone_loss=3), zones(9, 9), True),
        (component("m", 5, min_available_on_zone_loss=2), zones(9, 9), False),
        (component("m", 5, min_available_on_zone_loss=3), zones(9, 9), True),
        (component("m", 3), zones(1, 1), False),
        (component("m", 1, instance_types=[]), zones(1), True),
    ],
)
def test_zones_and_room_at_either_side_of_what_there_is(row: Doc, pools: list[Doc], *, none: bool) -> None:
    assert impossible(row, pools) is none


@pytest.mark.parametrize(
    ("copies", "pinned", "accelerators", "none"),
    [
        (2, 2, [0], False),
        (1, 2, [0], True),
        (2, 1, [0, 1], True),  # a copy takes one accelerator
        (0, 1, [0], True),
        (0, 0, [0], False),
        (2, 2, None, False),
    ],
)
def test_pins_that_can_not_be_kept(copies: int, pinned: int, accelerators: list[int] | None, *, none: bool) -> None:
    """Of the component itself: those of another one are that one's."""
    place: Doc = {"instance": "i", "pinned": True} | ({} if accelerators is None else {"accelerators": accelerators})
    running: Doc = {
        "instances": [{"id": "i", "pool": "p0"}],
        "placements": [{"component": "m", **place}] * pinned + [{"component": "n", **place}] * 3,
    }
    compiled = Problem(
        problem(
            "pins",
            {"t": machine(1)},
            [component("m", copies), component("n", 9)],
            [{"instance_type": "t", **pool} for pool in zones(9)],
            **running,
        )
    )
    assert compiled.components["m"].impossible(Leaf(compiled, {}, {})) is none


def test_pins_at_several_places_add_up_and_zones_are_looked_at_all_the_same() -> None:
    """One copy pinned on each of two accelerators is one too many of one copy; of two, both must stand in two zones."""
    running: Doc = {
        "instances": [{"id": "i", "pool": "p0"}],
        "placements": [{"component": "m", "instance": "i", "accelerators": [k], "pinned": True} for k in (0, 1)],
    }
    assert impossible(component("m", 1), zones(9), **running)
    assert not impossible(component("m", 2), zones(9), **running)
    assert impossible(component("m", 2, spread={"min_zones": 2}), zones(9), **running)

"""What is too large, too deep or too clever to read is refused, quickly and in words."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from placement.documents import read_problem
from placement.errors import DocumentError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

SMALL = """
format: placement/v1
name: {name}
instance_types: {{t: {{vcpus: 1, memory_gib: 1, price_per_hour: 1}}}}
pools: [{{name: {name}, instance_type: t, zone: {zone}}}]
components: []
"""


def refused(path: str | Path) -> str:
    """Why a document is refused: one line."""
    with pytest.raises(DocumentError) as caught:
        read_problem(path)
    (fault,) = caught.value.faults
    return str(fault)


def yaml_file(folder: Path, text: str) -> Path:
    """A YAML file with that text."""
    path = folder / "p.yaml"
    path.write_text(text, encoding="utf-8")
    return path


class Endless(io.RawIOBase):
    """A stream without end that counts what was taken from it."""

    taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self.taken += len(buffer)
        buffer[:] = bytes(len(buffer))
        return len(buffer)


def test_a_pipe_without_end_is_read_up_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit and the way out are named; no more than the limit, and a block, is taken."""
    endless = Endless()
    monkeypatch.setenv("PLACEMENT_MAX_INPUT_MIB", "3")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(endless)))

    said = refused("-")

    assert said == (
        "$: is too large: at most 3 MiB are read; PLACEMENT_MAX_INPUT_MIB=N in the environment allows N MiB"
    )
    assert endless.taken <= 5 * 2**20


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="/dev/zero is a Unix thing")
def test_a_device_without_end_is_read_up_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """So is a file that is too large."""
    monkeypatch.setenv("PLACEMENT_MAX_INPUT_MIB", "1")

    assert "at most 1 MiB are read" in refused("/dev/zero")


def test_the_limit_is_what_may_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document of just the limit is read, one more byte is too many."""
    text = json.dumps({"format": "placement/v1", "instance_types": {}, "pools": [], "components": []})
    path = tmp_path / "p.json"
    monkeypatch.setenv("PLACEMENT_MAX_INPUT_MIB", "1")

    path.write_text(text.ljust(2**20))
    assert read_problem(path).components == ()
    path.write_text(text.ljust(2**20 + 1))
    assert "is too large" in refused(path)


def test_large_yaml_is_refused_before_it_is_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would take hours; the way out is JSON."""
    monkeypatch.setattr("placement.documents.read.MOST_YAML_MIB", 1)

    said = refused(yaml_file(tmp_path, "a: [" * 300_000))

    assert "at most 1 MiB are read; write it as JSON, or PLACEMENT_MAX_INPUT_MIB=N" in said


@pytest.mark.parametrize("asked", ["", "0", "-1", "2.5", "many", "²"])
def test_a_limit_that_is_no_number_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    """With what was given."""
    monkeypatch.setenv("PLACEMENT_MAX_INPUT_MIB", asked)

    with pytest.raises(UsageError, match=f"a whole number of MiB, at least 1, got {re.escape(asked)}"):
        read_problem(tmp_path / "p.json")


def test_a_closed_standard_input_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """As ``<&-`` leaves it."""
    monkeypatch.setattr(sys, "stdin", None)

    assert refused("-") == "$: can't be read: it is closed; name a file, or pipe one in"


def chain(link: str) -> Iterator[str]:
    """Lines of YAML, each ten times the one before; billions in all."""
    yield "a0: &a0 {x0: 1}"
    for k in range(1, 12):
        yield f"a{k}: &a{k} {link.format(', '.join([f'*a{k - 1}'] * 10))}"


@pytest.mark.parametrize("link", ["[{}]", "{{<<: [{}]}}"])
def test_few_lines_that_stand_for_billions_are_refused(tmp_path: Path, link: str) -> None:
    """By aliases in lists, and by merge keys, which the parser itself would write out."""
    said = refused(yaml_file(tmp_path, "\n".join(chain(link))))

    assert said.startswith("$: has aliases that stand for more than 2,000,000 values")


def test_aliases_within_reason_are_read(tmp_path: Path) -> None:
    """A thousand components with the options of the first."""
    rows = ["{name: c0, copies: 1, options: &o [{accelerators: 0, vcpus: 1}]}"]
    rows += [f"{{name: c{k}, copies: 1, options: *o}}" for k in range(1, 1000)]
    text = SMALL.format(name="n", zone="z").replace("components: []", f"components: [{', '.join(rows)}]")

    assert len(read_problem(yaml_file(tmp_path, text)).components) == 1000


@pytest.mark.parametrize("text", ["a: &a [*a]", "a: &a {b: *a}", "a: &a {b: {<<: *a}}"])
def test_an_alias_that_holds_itself_is_refused(tmp_path: Path, text: str) -> None:
    """It has no end."""
    assert refused(yaml_file(tmp_path, text)) == "$: has an alias that holds itself, at line 1"


def test_aliases_may_not_nest_without_end(tmp_path: Path) -> None:
    """A level a line."""
    lines = ["a0: &a0 [1]", *(f"a{k}: &a{k} [*a{k - 1}]" for k in range(1, 2000))]

    assert "is nested too deeply: more than 100 levels" in refused(yaml_file(tmp_path, "\n".join(lines)))


@pytest.mark.parametrize("text", ["[" * 5000, "- " * 5000, "a:\n" + "\n".join(" " * k + "-" for k in range(1, 500))])
def test_yaml_nested_deeply_is_refused(tmp_path: Path, text: str) -> None:
    """Whatever its notation."""
    assert refused(yaml_file(tmp_path, text)) == "$: is nested too deeply: more than 100 levels"


def test_dates_are_text(tmp_path: Path) -> None:
    """YAML 1.2 has no dates; a tag that asks for one is refused."""
    problem = read_problem(yaml_file(tmp_path, SMALL.format(name="2020-01-01", zone="2020-01-01T10:00:00Z")))

    assert (problem.name, problem.pools[0].zone) == ("2020-01-01", "2020-01-01T10:00:00Z")
    with pytest.raises(DocumentError, match=r"\$\.name: must be text"):
        read_problem(yaml_file(tmp_path, SMALL.format(name="!!timestamp 2020-01-01", zone="z")))


def test_of_very_many_faults_the_first_are_told() -> None:
    """The message of the error is short; the error has all of them."""
    from placement.documents import Problem

    with pytest.raises(DocumentError) as caught:
        Problem(instance_types={}, pools=[], components=[{}] * 1000)

    lines = str(caught.value).splitlines()
    assert len(lines) == 21
    assert lines[-1] == f"problem: and {len(caught.value.faults) - 20:,} more faults"

"""`--certificate` of `placement solve` and `placement bound`: which files it may be."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from placement import UsageError
from placement.cli.app import app
from placement.cli.stops import Stops
from tests.cli.test_solve import TINY

if TYPE_CHECKING:
    from placement.certificates import Certificate
    from placement.solving.result import Result


def run(*arguments: str) -> tuple[int, str]:
    """Exit code and output."""
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Names of files, of which `problem` is there."""
    (tmp_path / "problem.json").write_text(json.dumps(TINY))
    names = {name: str(tmp_path / f"{name}.json") for name in ("problem", "plan", "certificate")}
    return names | {"yaml": str(tmp_path / "certificate.YAML"), "nowhere": str(tmp_path / "none" / "c.json")}


@pytest.mark.parametrize("command", ["solve", "bound"])
@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("-", "--certificate: name a file, as standard output has"),
        ("yaml", "a certificate is JSON, which its checker reads"),
        ("nowhere", "there is no folder"),
        ("problem", "is the same file as the problem"),
    ],
)
def test_what_no_certificate_is_written_to(files: dict[str, str], command: str, target: str, said: str) -> None:
    """Said before the search, and nothing is written."""
    output = ("--output", files["plan"]) if command == "solve" else ()
    code, text = run(command, files["problem"], *output, "--certificate", files.get(target, target))
    assert code == 2
    assert said in " ".join(text.split())
    assert run("verify", files["problem"], files["plan"])[0] == 2  # there is none


@pytest.mark.parametrize(("error", "code"), [(ValueError("planted"), 70), (MemoryError(), 71)])
def test_a_certificate_that_fails_does_not_deny_the_plan(
    files: dict[str, str], monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    """The plan was written before it."""

    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("placement.certificates.write_certificate", fails)
    words = ("solve", files["problem"], "-q", "--output", files["plan"], "--certificate", files["certificate"])
    ended, text = run(*words)
    assert ended == code
    assert "No certificate was written; the answer does not depend on it." in text
    assert "No plan was written" not in text
    assert "Nothing was written" not in text
    assert run("verify", files["problem"], files["plan"])[0] == 0


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Someone has asked to stop."""
    stops = Stops()
    monkeypatch.setattr("placement.cli.certificate.STOPS", stops)
    with pytest.raises(KeyboardInterrupt):
        stops.hear(signal.SIGINT)


@pytest.mark.usefixtures("stopped")
@pytest.mark.parametrize("limit", [(), ("--time-limit", "30")])
def test_after_a_stop_a_certificate_has_a_moment(
    files: dict[str, str], monkeypatch: pytest.MonkeyPatch, limit: tuple[str, ...]
) -> None:
    """It took as long again as the whole time limit."""
    from placement.planner import certify

    asked = list[float | None]()

    def watched(result: Result, *, time_limit: float | None) -> Certificate:
        asked.append(time_limit)
        return certify(result)

    monkeypatch.setattr("placement.planner.certify", watched)
    code, text = run("solve", files["problem"], "-o", files["plan"], "--certificate", files["certificate"], *limit)
    assert (code, asked) == (0, [1.0])
    assert "certificate: no plan costs less than" in text


@pytest.mark.usefixtures("stopped")
@pytest.mark.parametrize("error", [KeyboardInterrupt(), UsageError("the certificate was not written in time")])
def test_after_a_stop_there_may_be_no_certificate(
    files: dict[str, str], monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    """That is said, and the plan is as good as ever."""

    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("placement.planner.certify", fails)
    code, text = run("solve", files["problem"], "-q", "-o", files["plan"], "--certificate", files["certificate"])
    assert code == 0
    assert "no certificate was written" in text
    assert not Path(files["certificate"]).exists()
    assert run("verify", files["problem"], files["plan"])[0] == 0


def test_a_certificate_is_written_over_no_plan(files: dict[str, str]) -> None:
    """Neither the plan of this run, nor the one that it starts from, nor the one that a bound is for."""
    assert run("solve", files["problem"], "--quiet", "--output", files["plan"])[0] == 0
    same, other = files["plan"], files["certificate"]
    for arguments, said in (
        (("solve", files["problem"], "--output", same, "--certificate", same), "name two files"),
        (("solve", files["problem"], "--hint", same, "--output", other, "--certificate", same), "the hint"),
        (("bound", files["problem"], same, "--certificate", same), "the plan"),
    ):
        code, text = run(*arguments)
        assert code == 2
        assert said in " ".join(text.split())
    assert run("verify", files["problem"], files["plan"])[0] == 0
    again = ("solve", files["problem"], "--quiet", "--hint", same, "--output", same, "--certificate", other)
    assert run(*again)[0] == 0  # a plan that only gets better
    assert run("verify", files["problem"], files["plan"])[0] == 0

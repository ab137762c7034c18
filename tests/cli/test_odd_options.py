"""What is given and can't be meant: an empty text, and a file whose suffix says that something else is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.test_solve import run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the command runs: nothing is left behind where a file is written after all."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("export", "keda", "absent.yaml", "absent.json", "--out", "a", "--server", ""), "--server"),
        (("export", "kubernetes", "absent.yaml", "absent.json", "--out", "a", "--namespace= "), "--namespace"),
        (("solve", "absent.yaml", "--set", "ffd.a=1", "--set", ""), "--set"),
        (("report", "absent.yaml", "absent.json", "-o", ""), "--html"),
        (("apply", "sagemaker", ""), "DIR"),
        (("import", "kubernetes", "absent.json", ""), "FILE"),
        (("diff", "absent.yaml", "absent.json", ""), "PLAN_B"),
    ],
)
def test_an_empty_value_is_refused(words: tuple[str, ...], option: str) -> None:
    """As of a variable that a shell does not have; also one of several, and one of blanks."""
    done = run(*words)

    assert done.exit_code == 2
    assert f"{option} is empty: give it a value" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("words", "known"),
    [
        (("report", "absent.yaml", "absent.json", "-o", "x.pdf"), "--output x.pdf: {}.html or .htm"),
        (("solve", "absent.yaml", "--report", "x.md"), "--report x.md: {}.html or .htm"),
        (("simulate", "absent.yaml", "p.yaml", "--traffic", "t.csv", "--report", "x.pdf"), "x.pdf: {}.html or .htm"),
        (("simulate", "absent.yaml", "p.yaml", "--traffic", "t.csv", "-o", "x.csv"), "x.csv: {}.json, .yaml or .yml"),
        (("hybrid", "absent.yaml", "p.yaml", "--traffic", "t.csv", "-o", "x.md"), "x.md: {}.json, .yaml or .yml"),
        (("scale", "absent.yaml", "p.yaml", "--rates", "r.csv", "--problem", "x.txt"), "{}.json, .yaml or .yml"),
        (("profile", "import", "absent.json", "-o", "x.json"), "--output x.json: {}.csv"),
        (("catalogue", "export", "p5.48xlarge", "-o", "x.csv"), "--output x.csv: {}.json, .yaml or .yml"),
        (("import", "kubernetes", "absent.json", "-o", "x.html"), "--output x.html: {}.json, .yaml or .yml"),
        (("import", "sagemaker", "--from-json", "absent", "-o", "x.md"), "--output x.md: {}.json, .yaml or .yml"),
        (("init", "x.xlsx", "--region", "us-east-1", "--gpu", "L4", "--model", "phi-2"), "FILE x.xlsx: {}.json, .yaml"),
        (("solve", "absent.yaml", "--certificate", "x.pdf"), "--certificate x.pdf: a certificate is JSON"),
    ],
)
def test_a_suffix_of_another_format_is_refused(words: tuple[str, ...], known: str) -> None:
    """Before anything is read, and with those that may be."""
    done = run(*words)

    assert done.exit_code == 2
    assert known.format("the suffix says what is written, and must be ") in " ".join(done.stderr.split())
    assert "absent" not in done.stderr

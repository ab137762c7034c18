"""An option of one value that stands twice is refused by every command; lists and flags may stand twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from placement_bench.cli import app as bench
from tests.cli.test_solve import run

if TYPE_CHECKING:
    from pathlib import Path

INIT = ("init", "-", "--region", "us-east-1", "--gpu", "L4", "--model", "phi-2")


@pytest.mark.parametrize(
    ("words", "option"),
    [
        ((*INIT, "--region", "us-west-2"), "--region"),
        (("solve", "absent.yaml", "--time-limit", "1", "--time-limit=2"), "--time-limit"),
        (("solve", "absent.yaml", "-o", "a.json", "--output", "b.json"), "--output"),
        (("catalogue", "list", "--max-price", "3", "--max-price", "3"), "--max-price"),
        (("profile", "import", "absent.json", "--model", "a", "--model", "b"), "--model"),
        (("export", "kubernetes", "absent.yaml", "absent.json", "--out", "a", "--out", "b"), "--out"),
    ],
)
def test_one_value_stands_once(words: tuple[str, ...], option: str) -> None:
    """Also where both are the same, and under two names of one option."""
    done = run(*words)

    assert done.exit_code == 2
    assert f"{option} is given 2 times, and takes one value: give it once." in " ".join(done.stderr.split())


def test_so_does_the_benchmark_tool(tmp_path: Path) -> None:
    """Of `placement-bench` too, whose lists may stand twice."""
    twice = CliRunner().invoke(bench, ["run", "--time-limit", "1", "--time-limit", "2", "--set", "absent"])
    lists = CliRunner().invoke(bench, ["run", "--set", "absent", "--set", "none", "--out", str(tmp_path)])

    assert twice.exit_code == lists.exit_code == 2
    told = " ".join(twice.output.split())
    assert "--time-limit is given 2 times, and takes one value: give it once." in told
    assert "given 2 times" not in lists.output


def test_lists_and_flags_may_stand_twice(tmp_path: Path) -> None:
    """Each value of a list counts; a flag says the same as before."""
    done = run(*INIT, "--gpu", "L40S", "--model", "Qwen3-0.6B", "--force", "--force")

    assert done.exit_code == 0, done.stderr
    assert "L40S" in done.stdout
    assert "qwen3-0.6b" in done.stdout

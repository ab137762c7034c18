"""An option that is no number is refused with the rule and with what was typed, by every command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from placement.cli.app import app
from placement.cli.commands import rule_of_number
from placement_bench.cli import app as bench

if TYPE_CHECKING:
    from collections.abc import Iterator


def numbers(group: Any, *path: str) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Of all commands below a group each option that is a number: the command, the option and its rule."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from numbers(command, *path, name)
            continue
        for row in command.params:
            if (
                row.param_type_name == "option"
                and row.name != "help"
                and (rule := rule_of_number(command.callback, row.name))
            ):
                yield (*path, name), max(row.opts, key=len), rule


def told(program: Any, *words: str) -> str:
    """What a call that is refused says, in one line."""
    done = CliRunner().invoke(program, words)
    assert done.exit_code == 2
    return " ".join(done.output.replace("│", " ").split())


@pytest.mark.parametrize("program", [app, bench], ids=["placement", "placement-bench"])
def test_no_number_is_told_with_the_rule_and_the_value(program: Any) -> None:
    """Of each option of each command."""
    found = list(numbers(typer.main.get_command(program)))
    assert len(found) >= 5
    for path, option, rule in found:
        says = told(program, *path, option, "no-number")
        assert f"'{option}'" in says
        assert f": must be {rule}, got no-number" in says


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("solve", "x", "--time-limit=-3"), "'--time-limit': must be a number of at least 0, got -3"),
        (("solve", "x", "--work", "1.5"), "'--work': must be a whole number of at least 1, got 1.5"),
        (("solve", "x", "--gap", "-2"), "'--gap': must be a number from 0 to 1, got -2 ╰"),
        (("solve", "x", "--gap", "5%"), "'--gap': must be a number from 0 to 1, got 5%: write 0.05 ╰"),
        (("solve", "x", "--gap", "5"), "'--gap': must be a number from 0 to 1, got 5: for 5% write 0.05 ╰"),
        (("solve", "x", "--gap", "500"), "'--gap': must be a number from 0 to 1, got 500 ╰"),
        (("solve", "x", "--time-limit", "5m"), "of at least 0, got 5m: it counts seconds, so write 300 ╰"),
        (("size", "x", "--memory-gib", "80GB"), "of at least 0, got 80GB: it counts GiB, so write 74.5058 ╰"),
        (("solve", "x", "--work", "5m"), "'--work': must be a whole number of at least 1, got 5m ╰"),
        (("size", "x", "--tensor-parallel", "2", "--tensor-parallel", "0"), "whole number of at least 1, got 2 0"),
    ],
)
def test_numbers_out_of_range_are_told(words: tuple[str, ...], says: str) -> None:
    """The least, the most, a fraction, and a list; percentages and units with what to write instead."""
    assert says in told(app, *words)

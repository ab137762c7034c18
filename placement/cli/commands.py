"""Commands whose options of one value are given once, as the parser takes the last of several, and told as typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand

from placement.cli.endings import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable


class Command(TyperCommand):
    """A command that refuses an option of one value where it stands twice; flags may stand as often as they like."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse arguments, once it is known that none contradicts another."""
        if args:
            _, _, given = self.make_parser(ctx).parse_args(args=list(args))
            for option in dict.fromkeys(given):
                has_one_value = option.param_type_name == "option" and not (
                    option.multiple or getattr(option, "is_flag", False) or getattr(option, "count", False)
                )
                if has_one_value and given.count(option) > 1:
                    ctx.fail(
                        f"{option.opts[0]} is given {given.count(option)} times, and takes one value: give it once."
                    )
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; its errors know how its options are typed."""
        options = {
            row.name: max(row.opts, key=len) for row in self.params if row.name and row.param_type_name == "option"
        }
        before = OPTIONS.set(options)
        try:
            return super().invoke(ctx)
        finally:
            OPTIONS.reset(before)


class Commands(typer.Typer):
    """A group of such commands."""

    def command(self, name: str | None = None, **options: Any) -> Callable[[Any], Any]:
        """Add a command, as `typer.Typer.command` does."""
        return super().command(name, cls=Command, **options)

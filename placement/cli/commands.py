"""Commands that refuse an option of one value given twice, tell errors in words, and call options as they are typed."""

import copy
import inspect
from collections.abc import Callable, Sequence
from typing import Any, Self, get_args, get_type_hints

import typer
from typer.core import TyperCommand
from typer.main import get_command_name
from typer.models import CommandInfo

from placement.cli.endings import OPTIONS, in_words
from placement.errors import called_file, printable

_COUNTED = {"time_limit": "seconds"}  # what options count whose names do not say it
_PARTS = " from 0 to 1"  # how the rule of a part of something ends
_FILES = ("FILE", "PLAN")  # how parameters are shown that are files


class Command(TyperCommand):
    """A command that refuses an option of one value where it stands twice, and what is given and says nothing.

    Flags may stand as often as they like.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse arguments, once it is known that none contradicts another."""
        values: dict[str, Any] = {}
        if args:
            values, _, given = self.make_parser(ctx).parse_args(args=list(args))
            for option in dict.fromkeys(given):
                has_one_value = option.param_type_name == "option" and not (
                    option.multiple or getattr(option, "is_flag", False) or getattr(option, "count", False)
                )
                if has_one_value and given.count(option) > 1:
                    ctx.fail(
                        f"{option.opts[0]} is given {given.count(option)} times, and takes one value: give it once."
                    )
                if _is_empty(values[option.name]):
                    is_option = option.param_type_name == "option"
                    shown = option.opts[0] if is_option else (option.metavar or option.name).strip("[].")
                    ctx.fail(f"{shown} is empty: give it a value{', or leave it out' if is_option else ''}.")
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            name = error.param.name if error.param else None
            if name in values and (rule := rule_of_number(self.callback, name)):
                typed = values[name] if isinstance(values[name], list) else [values[name]]
                meant = _meant(name, rule, typed)
                error.message = f"must be {rule}, got {printable(' '.join(map(str, typed)))}{meant}"
            raise

    def invoke(self, ctx: Any) -> Any:
        """Run the command; its errors become words and exit codes, which name options and files as they are typed."""
        called = {row.name: _called(row, ctx.params.get(row.name)) for row in self.params if row.name}
        before = OPTIONS.set({name: words for name, words in called.items() if words})
        try:
            with in_words(full=ctx.params.get("full")):
                return super().invoke(ctx)
        finally:
            OPTIONS.reset(before)


def _is_empty(value: object) -> bool:
    """Whether one of the texts given says nothing, as a variable does that a shell does not have."""
    texts = value if isinstance(value, (list, tuple)) else [value]
    return any(isinstance(text, str) and not text.strip() for text in texts)


def _called(row: Any, value: object) -> str:
    """What errors call an argument of the library: the file that gives it, or the option; empty where neither does."""
    if row.metavar and row.metavar.strip("[]") in _FILES and isinstance(value, str):
        return called_file(value)
    return max(row.opts, key=len) if row.param_type_name == "option" else ""


def _meant(name: str, rule: str, typed: list[Any]) -> str:
    """What to write in place of a percentage or a number with its unit, as the end of a sentence; else nothing."""
    if len(typed) != 1:
        return ""
    from placement.documents.amounts import number_meant, share_meant

    (text,) = (str(one) for one in typed)
    is_part = rule.endswith(_PARTS)
    try:
        number = float(text)
    except ValueError:
        return number_meant("share" if is_part else _COUNTED.get(name, name), text)
    return share_meant(number) if is_part else ""


class Commands(typer.Typer):
    """A group of such commands. Alone its name shows the help, which `-h` shows too."""

    def __init__(self, **options: Any) -> None:
        super().__init__(no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]}, **options)

    def with_command(self, words: Sequence[str]) -> Self:
        """The group with the command alone that words of a command line begin with; as it is where they name none.

        All commands take a tenth of a second to be made ready, which a script that calls one would pay each time.
        """
        name = words[0] if words else None
        commands = [row for row in self.registered_commands if _name(row) == name]
        groups = [row for row in self.registered_groups if row.typer_instance and row.typer_instance.info.name == name]
        if not commands and not groups:
            return self
        other = copy.copy(self)
        other.registered_commands, other.registered_groups = commands, groups
        return other

    def command(self, name: str | None = None, **options: Any) -> Callable[[Any], Any]:
        return super().command(name, cls=Command, **options)


def _name(row: CommandInfo) -> str:
    """What a command is called on the command line."""
    return row.name or get_command_name(row.callback.__name__ if row.callback else "")


def rule_of_number(callback: Any, name: str) -> str:
    """What an option of a command must be, by its annotation; empty where it is no number."""
    kind, told, *_ = get_args(get_type_hints(inspect.unwrap(callback), include_extras=True)[name])
    kinds = {kind, *get_args(kind)}
    kinds |= {one for each in kinds for one in get_args(each)}  # a list of numbers, or none
    if not kinds & {int, float}:
        return ""
    number = "a whole number" if int in kinds else "a number"
    if told.min is not None and told.max is not None:
        return f"{number} from {told.min} to {told.max}"
    return number if told.min is None else f"{number} of at least {told.min}"

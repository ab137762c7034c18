"""What `placement simulate` and `placement hybrid` read alike: a problem, policies, traffic, and how it is played."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from placement.cli.common_options import component_of
from placement.cli.endings import read_warned, say
from placement.errors import DocumentError, UsageError, called_file

if TYPE_CHECKING:
    from placement.demand import ScalingPolicy
    from placement.documents import Problem
    from placement.simulation import Traffic, TrafficGiven

PolicyArgument = Annotated[
    str,
    typer.Argument(
        metavar="POLICY", help="A scaling policy (placement-scaling/v1), JSON or YAML; - reads standard input."
    ),
]
PoliciesArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="POLICY...",
        help="Scaling policies (placement-scaling/v1), JSON or YAML; several are compared. - reads standard input.",
    ),
]
TrafficOption = Annotated[
    str,
    typer.Option(
        "--traffic",
        metavar="FILE",
        help="Requests over time: a CSV file with the columns component, time and rate, or a trace of "
        "ServeGen, Azure, BurstGPT or Mooncake; may be compressed (.gz).",
    ),
]
EveryOption = Annotated[
    str, typer.Option(metavar="TIME", help="The time between two decisions of the policy, such as 10m.")
]
UntilOption = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Play only the first part of the traffic, such as 14d. Default: all of it."),
]
NameOption = Annotated[
    list[str] | None,
    typer.Option(
        "--name",
        metavar="FILE=COMPONENT",
        help="The component that a name in the traffic file stands for; may be repeated.",
    ),
]
ComponentOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The component that the requests are for, where the traffic file does not say."),
]
GapsOption = Annotated[
    str,
    typer.Option(
        metavar="error|hold|zero",
        help="What to do where the traffic has a gap: stop with an error, hold the last rate, or take "
        "the rate as zero.",
    ),
]
TimesOption = Annotated[
    float, typer.Option("--times", min=0, metavar="FACTOR", help="Multiply all rates by this factor.")
]


@dataclass(frozen=True)
class TrafficCase:
    """What is played: policies by name, and the traffic of a problem, a step in seconds at a time."""

    problem: Problem
    policies: dict[str, ScalingPolicy]
    traffic: Traffic
    every: int
    until: int | None


@dataclass(frozen=True)
class TrafficWords:
    """What a command line says of it."""

    file: str
    policies: list[str]
    traffic: str
    every: str
    until: str | None
    names: list[str] | None
    component: str | None
    gaps: str
    times: float

    @property
    def inputs(self) -> dict[str, str]:
        """Files that are read, by what they are called."""
        many = len(self.policies) > 1
        policies = {f"the policy {path}" if many else "the policy": path for path in self.policies}
        return {"the problem": self.file, **policies, "the traffic": self.traffic}

    def read(self, *, full: bool) -> TrafficCase:
        """Read all of it, and warn of what is odd in the problem.

        Raises DocumentError: a file has faults.
        Raises UsageError: an option has, or files do not go together.
        """
        from placement.cli.streams import check_one_stdin
        from placement.simulation import read_traffic

        check_one_stdin(self.inputs)
        problem = read_warned(self.file, full=full)
        if self.component is not None:
            component_of(problem, self.component, self.file)
        given = self._given()
        for named in given.names.values():
            component_of(problem, named, self.file, "--name")
        names = policy_names(self.policies)
        policies = {name: fitting_policy(path, problem) for name, path in zip(names, self.policies, strict=True)}
        found = read_traffic(self.traffic, given)
        if self.times != 1:
            found = found.times_factor(self.times)
        _tell_silent(problem, found, self.traffic)
        _tell_hole(found, self.traffic)
        every, until = length("--every", self.every), None if self.until is None else length("--until", self.until)
        return TrafficCase(problem, policies, found, every, until)

    def _given(self) -> TrafficGiven:
        from placement.simulation import TrafficGiven

        if self.gaps not in ("error", "hold", "zero"):
            raise UsageError(f"--gaps must be error, hold or zero, got {self.gaps}")
        pairs = {}
        for text in self.names or ():
            left, sign, right = text.partition("=")
            if not sign or not left or not right:
                raise UsageError(f"--name must be FILE=COMPONENT, got {text}")
            pairs[left] = right
        return TrafficGiven(names=pairs, component=self.component, gaps=self.gaps)


def _tell_silent(problem: Problem, traffic: Traffic, file: str) -> None:
    """Say which components the traffic does not name: a slip of a name would pass as a component that nobody asks."""
    from placement.report import words

    silent = [row.name for row in problem.components if row.name not in traffic.components]
    if silent:
        source = called_file(file)
        say(f"note: {source} has no traffic of {words.listed(silent, 8)}: played without requests")


def _tell_hole(traffic: Traffic, file: str) -> None:
    """Say where all components lack times that a regular file should have: what measured them may have been down."""
    from placement.report.scaling import words_of_span

    hole = traffic.longest_hole()
    if hole is not None:
        at, seconds = hole
        say(
            f"note: {called_file(file)} has no times for {words_of_span(seconds)} from "
            f"{traffic.moment(int(traffic.times[at]))}, where others are closer: the rates of then are held"
        )


def fitting_policy(file: str, problem: Problem) -> ScalingPolicy:
    """The policy in a file, which fits the problem.

    Raises DocumentError: it has faults, or is for other components: told of the file.
    """
    from placement.demand import compile_rules, read_scaling

    policy = read_scaling(file)
    try:
        compile_rules(problem, policy)
    except DocumentError as error:
        raise error.of(file) from None
    return policy


def policy_names(files: list[str]) -> list[str]:
    """What policies are called beside one another: their files without folder and suffix, where that tells them apart.

    Raises UsageError: a file is given twice.

    >>> policy_names(["week/frugal.yaml", "week/quick.yaml"]), policy_names(["a/policy.yaml", "b/policy.yaml"])
    (['frugal', 'quick'], ['a/policy.yaml', 'b/policy.yaml'])
    """
    twice = next((file for file in files if files.count(file) > 1), None)
    if twice is not None:
        raise UsageError(f"the policy {twice} is given twice; name each once")
    short = ["standard input" if file == "-" else Path(file).stem for file in files]
    return short if len(set(short)) == len(short) else files


def length(option: str, text: str) -> int:
    """A length of time of at least a second."""
    from placement.catalogue.readers.fields import FieldError
    from placement.simulation.readers.cells import duration

    try:
        found = duration(text, option)
    except FieldError as error:
        raise UsageError(str(error.fault)) from None
    if not found:
        raise UsageError(f"{option} must be at least a second, got {text}")
    return found

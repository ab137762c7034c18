"""Every solver by name: what it does, whether it proves, how to get at it.

All have one signature::

    solve_x(solve, *, options=XOptions()) -> Outcome

and are imported when first used, since an engine may take half a second to load.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from placement.errors import UsageError, nearest, wrong_argument

if TYPE_CHECKING:
    from placement.solving.context import Solve
    from placement.solving.result import Outcome


class SolveFunction(Protocol):
    """The one signature of all solvers."""

    def __call__(self, solve: Solve, *, options: Any) -> Outcome:
        """Report plans and bounds to the solve's incumbent within its budget, from the best plan there."""


@dataclass(frozen=True, slots=True)
class Solver:
    """One entry of the registry. `function` is ``module:name``."""

    name: str
    summary: str
    function: str
    proves: bool = True
    fleet_rules: bool = True  # whether it knows limits, commitments, losses of a pool or an instance, max_moves

    def load(self) -> SolveFunction:
        module, _, name = self.function.partition(":")
        found: SolveFunction = getattr(importlib.import_module(module), name)
        return found

    def run(self, solve: Solve, **options: Any) -> Outcome:
        """Solve with these options; others are as `make_options` has them."""
        return self.load()(solve, options=self.make_options(options))

    def default_options(self) -> Any:
        """The options as they are when nothing is set."""
        return inspect.signature(self.load()).parameters["options"].default

    def make_options(self, given: Mapping[str, Any]) -> Any:
        """The options with some fields set; text is read as the type of the field's default.

        Raises UsageError: an option that the solver does not have, or a value that does not fit it.
        """
        if not isinstance(given, Mapping):
            raise wrong_argument("options", "a mapping of names to values, or None", given)
        defaults = self.default_options()
        fields = {field.name: getattr(defaults, field.name) for field in dataclasses.fields(defaults)}
        changed = {}
        for name, value in given.items():
            if name not in fields:
                raise UsageError(f"solver {self.name} has no option {name}; {nearest(name, fields)}")
            changed[name] = _as_type_of(fields[name], value, f"{self.name}.{name}")
            _check_value(fields[name], changed[name], f"{self.name}.{name}")
        try:
            return dataclasses.replace(defaults, **changed)
        except ValueError as error:
            raise UsageError(f"solver {self.name}: {error}") from None


def _as_type_of(default: Any, value: Any, name: str) -> Any:
    """`value` as the type of `default`, when it came as text from a command line."""
    if not isinstance(value, str) or isinstance(default, str):
        return value
    if isinstance(default, bool):
        if value.lower() in ("true", "false"):
            return value.lower() == "true"
        raise UsageError(f"{name} must be true or false, got {value}")
    kind = float if isinstance(default, float) else int
    try:
        return kind(value)
    except ValueError:
        rule = "a number" if kind is float else "a whole number, in digits"
        raise UsageError(f"{name} must be {rule}, got {value}") from None


def _check_value(default: Any, value: Any, name: str) -> None:
    """Numbers are counts, seconds, or shares of the time, by the type and name of the option."""
    if isinstance(default, bool):
        fits, rule = isinstance(value, bool), "true or false"
    elif isinstance(default, str):
        fits, rule = isinstance(value, str), "text"
    elif isinstance(default, int):
        fits, rule = type(value) is int and value >= 0, "a whole number of at least 0"
    else:
        most = 1.0 if name.endswith("_share") else math.inf
        fits = (
            isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most and value != math.inf
        )
        rule = "a number from 0 to 1" if most == 1 else "a number of at least 0"
    if not fits:
        raise UsageError(f"{name} must be {rule}, got {value}")


_HEURISTICS = "placement.heuristics"
_ALL = (
    Solver(
        name="auto",
        summary="cheap bounds, heuristics, then exact search in the time that is left; ends when the bound is met",
        function="placement.solvers.portfolio:solve_auto",
    ),
    Solver(
        name="ffd",
        summary="first-fit decreasing: biggest copies first, each on the first machine with room",
        proves=False,
        function=f"{_HEURISTICS}:solve_ffd",
    ),
    Solver(
        name="best-fit",
        summary="best-fit decreasing: biggest copies first, each on the fullest machine with room",
        proves=False,
        function=f"{_HEURISTICS}:solve_best_fit",
    ),
    Solver(
        name="greedy",
        summary="price- and fragmentation-aware greedy with restarts, looks ahead on spread",
        proves=False,
        function=f"{_HEURISTICS}:solve_greedy",
    ),
    Solver(
        name="column-generation",
        summary="bound by patterns of one accelerator, packing at its machine counts, closing machines, neighbourhoods",
        function="placement.solvers.column_generation.solve:solve_column_generation",
    ),
    Solver(
        name="bin-packing",
        summary="fleets that are vector packing (whole accelerators, or one a machine), by an exact packing core",
        function="placement.solvers.bin_packing:solve_bin_packing",
        fleet_rules=False,
    ),
    Solver(
        name="demand",
        summary="components with a demand: how many copies by which option, by an integer program; then packed",
        function="placement.solvers.demand.solve:solve_demand",
        fleet_rules=False,
    ),
    Solver(
        name="decomposition",
        summary="very large problems: alike components as one, then parts, on any executor; bounded as a whole",
        function="placement.solvers.decomposition:solve_decomposition",
    ),
    Solver(
        name="cp-sat",
        summary="direct constraint program of every rule, by OR-Tools CP-SAT",
        function="placement.direct.cp_sat:solve_cp_sat",
    ),
    Solver(
        name="milp",
        summary="direct mixed-integer program of every rule, written with PuLP, by HiGHS or CBC",
        function="placement.direct.milp:solve_milp",
    ),
)

SOLVERS: dict[str, Solver] = {solver.name: solver for solver in _ALL}


def find_solver(name: str) -> Solver:
    """The solver of that name. Raises UsageError: there is none; the message names the nearest."""
    if not isinstance(name, str):
        raise wrong_argument("solver", f"the name of a solver: {', '.join(SOLVERS)}", name)
    if name not in SOLVERS:
        raise UsageError(f'no solver "{name}"; {nearest(name, SOLVERS)}')
    return SOLVERS[name]

"""Ask engines again what a certificate rests on: whether its integer programs have no solution.

    python recheck_program.py CERTIFICATE.json

Each leaf that one engine claimed is asked of the other one: HiGHS where CP-SAT claimed it, else CP-SAT. Prints a line a
leaf: "confirmed: ...", "contradicted: ..." (a solution that keeps every row, recounted here in whole numbers) or
"not decided: ...". `check_certificate --recheck` runs it in a process of its own; it imports nothing of the package,
and an engine only when asked. All numbers of a program are whole, and so are all columns, each between two ends.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SENSES = ("L", "G", "E")
NODES = 200_000  # of HiGHS; a limit of work, so that the answer does not depend on the machine
LARGEST_FLOAT = 2**53  # up to which a float holds every whole number
FAULTY_RULES = 1 << 16  # of HiGHS's presolve: "enumeration" calls feasible programs infeasible (HiGHS issue 3216)
TICKS = 600.0  # of CP-SAT's deterministic time


class ProgramError(ValueError):
    """The text is not a program of this form."""


@dataclass
class Program:
    """Columns with their ends, and rows: sense, right side, factor by column. O(entries) memory."""

    columns: dict[str, tuple[int, int]]
    rows: list[tuple[str, int, dict[str, int]]]

    def kept(self, values: Mapping[str, int]) -> bool:
        """Whether the values are a solution, in exact integers."""
        if any(not low <= values[column] <= high for column, (low, high) in self.columns.items()):
            return False
        gaps = [(sense, sum(a * values[c] for c, a in row.items()) - side) for sense, side, row in self.rows]
        return all(gap == 0 or sense == ("L" if gap < 0 else "G") for sense, gap in gaps)


def read_program(text: str) -> Program:
    """Free MPS without ranges. The objective row (N) is not read: only whether there is a solution matters.

    Raises
    ------
    ProgramError
        A line that is not understood, a column that is not whole or has an open end, a number that is not whole.
    """
    senses: dict[str, str] = {}
    sides: dict[str, int] = {}
    rows: dict[str, dict[str, int]] = defaultdict(dict)
    ends: dict[str, dict[str, int]] = {}
    section, whole = "", False
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or line.startswith("*"):
            continue
        try:
            if not line[0].isspace():
                section = words[0]
                if section not in ("NAME", "ROWS", "COLUMNS", "RHS", "BOUNDS", "ENDATA"):
                    raise ProgramError("no such section")
            elif section == "ROWS":
                senses[words[1]] = words[0] if words[0] in SENSES else {"N": "N"}[words[0]]
            elif section == "COLUMNS" and words[1] == "'MARKER'":
                whole = {"'INTORG'": True, "'INTEND'": False}[words[2]]
            elif section == "COLUMNS":
                if not whole:
                    raise ProgramError("a column that is not whole")
                ends.setdefault(words[0], {})
                for row, factor in zip(words[1::2], words[2::2], strict=True):
                    if row not in senses or words[0] in rows[row]:
                        raise ProgramError("an entry without its row, or twice")
                    rows[row][words[0]] = int(factor)
            elif section == "RHS":
                sides.update((row, int(side)) for row, side in zip(words[1::2], words[2::2], strict=True))
            elif section == "BOUNDS":
                kind, _, column, *value = words
                for end in {"LO": ("LO",), "UP": ("UP",), "FX": ("LO", "UP")}[kind]:
                    ends[column][end] = int(value[0])
            else:
                raise ProgramError("a line outside of sections")
        except (KeyError, IndexError, ValueError) as error:
            raise ProgramError(f"line {number} of the program is not understood: {error}") from None
    if any(len(pair) < 2 for pair in ends.values()) or set(sides) - set(senses):
        raise ProgramError("every column needs two ends (LO and UP, or FX), and every right side a row")
    columns = {column: (pair["LO"], pair["UP"]) for column, pair in ends.items()}
    return Program(columns, [(s, sides.get(row, 0), rows[row]) for row, s in senses.items() if s in SENSES])


def ask_highs(program: Program) -> dict[str, int] | None:
    """None: no solution. Else one, to be rounded and recounted; {} when the work was over before there was one."""
    import highspy

    class Quiet(highspy.Highs):
        def enableCallbacks(self) -> None:  # the first call of the constructor that would print a banner
            self.setOptionValue("output_flag", False)
            super().enableCallbacks()  # type: ignore[no-untyped-call]

    numbers = [n for ends in program.columns.values() for n in ends]
    numbers += [n for _, side, row in program.rows for n in (side, *row.values())]
    if any(abs(n) > LARGEST_FLOAT for n in numbers):
        raise OverflowError("a float does not hold such a whole number")
    solver: Any = Quiet()  # type: ignore[no-untyped-call]
    solver.setOptionValue("mip_max_nodes", NODES)
    solver.setOptionValue("presolve_rule_off", FAULTY_RULES)
    index = {column: i for i, column in enumerate(program.columns)}
    for i, (low, high) in enumerate(program.columns.values()):
        solver.addVar(low, high)
        solver.changeColIntegrality(i, highspy.HighsVarType.kInteger)
    for sense, side, row in program.rows:
        least = -highspy.kHighsInf if sense == "L" else float(side)
        most = highspy.kHighsInf if sense == "G" else float(side)
        solver.addRow(least, most, len(row), [index[c] for c in row], [float(a) for a in row.values()])
    for presolve in (
        "choose",
        "off",
    ):  # that there is no solution counts only where a run without presolve says so, too
        solver.setOptionValue("presolve", presolve)
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kInfeasible:
            break
    else:
        return None
    values = list(solver.getSolution().col_value)
    return {column: round(value) for column, value in zip(program.columns, values, strict=True)} if values else {}


def ask_cp_sat(program: Program) -> dict[str, int] | None:
    """As `ask_highs`; CP-SAT counts in whole numbers itself."""
    from ortools.sat.python import cp_model

    model, solver = cp_model.CpModel(), cp_model.CpSolver()
    columns = {c: model.new_int_var(low, high, c) for c, (low, high) in program.columns.items()}
    for sense, side, row in program.rows:
        total = cp_model.LinearExpr.weighted_sum([columns[c] for c in row], list(row.values()))
        model.add(total <= side if sense == "L" else total >= side if sense == "G" else total == side)
    solver.parameters.num_workers = 1
    solver.parameters.symmetry_level = 0  # OR-Tools 9.15 may end the process where it adds up columns that are alike
    solver.parameters.max_deterministic_time = TICKS
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        return None
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    return {column: solver.value(variable) for column, variable in columns.items()} if found else {}


def recheck(claimed_by: str, text: str) -> str:
    """The answer of another engine than the one that claimed it. Never raises for the text's sake."""
    name, ask = ("HiGHS", ask_highs) if claimed_by.upper().startswith("CP-SAT") else ("CP-SAT", ask_cp_sat)
    try:
        program = read_program(text)
        values = ask(program)
    except ProgramError as error:
        return f"not decided: {error}"
    except ImportError as error:
        return f"not decided: {name} is not installed ({error.name})"
    except (OverflowError, TypeError, ValueError):  # an engine has 64 bits, or the 53 of a float
        return f"not decided: the numbers are too large for {name}"
    if values is None:
        return f"confirmed: {name} finds no solution either"
    if values and program.kept(values):
        return f"contradicted: {name} has a solution that keeps every row"
    return f"not decided: {name} came to no end within its limit of work"


def leaves(certificate: Any) -> Iterator[tuple[str, Any]]:
    """The leaves of a certificate that an engine claimed, with their names as `check_certificate` has them."""
    trees = [("", certificate), *((f"left_out {i}, ", tree) for i, tree in enumerate(certificate.get("left_out", [])))]
    for where, tree in trees:
        for k, node in enumerate(tree["nodes"]):
            if node.get("leaf") == "engine":
                yield f"{where}node {k}", node


if __name__ == "__main__":
    document = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    for name, leaf in leaves(document):
        print(f"{name}: {recheck(str(leaf.get('engine')), str(leaf.get('program')))}", flush=True)

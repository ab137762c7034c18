"""Parameters of the room, by module: the direct model and its engines."""

from placement.solving.parameters import MethodParameters, parameter


class ProgramParameters(MethodParameters):
    """Writing the model down (`program.py`)."""

    steps: int = parameter(200, "variables and rows", "between two looks at the clock")


class CpSatParameters(MethodParameters):
    """The solver cp-sat (`cp_sat/search.py`)."""

    outline_terms: int = parameter(3_000_000, "terms", "beyond which an outline can't be written and solved in minutes")
    effort: float = parameter(0.5, "deterministic s", "for the outline's bound, and to look for a first plan")
    fewer_effort: float = parameter(0.05, "deterministic s", "to bound the machines of one pool")


class CbcParameters(MethodParameters):
    """CBC as a process of its own (`milp/engines.py`)."""

    grace: float = parameter(1.0, "s", "for it to write down what it has")


class OutlineParameters(MethodParameters):
    """Few moves, by an outline (`milp/outline.py`)."""

    most_terms: int = parameter(
        400_000, "terms", "of the direct model with no new machine; beyond, its first relaxation takes minutes"
    )
    rounds: int = parameter(1_000, "runs", "each with rows for what did not fit on new machines in the one before")
    checked: int = parameter(3, "solutions", "of a run, the cheapest, of which it is known whether they fit there")
    same_price: int = parameter(20, "fleet mixes", "of nearly the same cost, left out one by one for the last digits")
    small: int = parameter(
        5_000,
        "variables",
        "up to which HiGHS begins without a solution: one far from the optimum doubles its time there",
    )
    cuts: int = parameter(1_000, "cuts", "kept in HiGHS's pool, which it lets grow to 10,000 by default")
    reliable: int = parameter(2, "branchings", "on a variable before its pseudo-cost is trusted, by default 8")


class PatternRowsParameters(MethodParameters):
    """Rows from the pattern bound (`pattern_rows.py`)."""

    unit: int = parameter(10_000, "parts", "of what an accelerator can hold, to which the worth of copies is rounded")


class MilpParameters(MethodParameters):
    """The solver milp (`milp/search.py`)."""

    last_digits: float = parameter(
        2e-6, "relative gap", "up to which CP-SAT decides what an engine in floats left open"
    )


class DirectParameters(MethodParameters):
    """The direct model and its engines.

    Measured at half and twice, nine cases: `cp_sat` and `program` move nothing (docs/notes/2026-11-parameters.md).
    """

    program = ProgramParameters
    cp_sat = CpSatParameters
    cbc = CbcParameters
    outline = OutlineParameters
    pattern_rows = PatternRowsParameters
    milp = MilpParameters


DIRECT = DirectParameters

"""Parameters of the room: integer programs of searches, whose solutions have to be good and need not be the best."""

from __future__ import annotations

from dataclasses import dataclass

from placement.solving.parameters import parameter


@dataclass(frozen=True, slots=True)
class IntegerProgramParameters:
    """One integer program of a search (`highs.py`)."""

    nodes: int = parameter(100_000, "nodes", "of one program")
    fewer_nodes: int = parameter(200, "nodes", "of it under a limit on work, whose seconds are not counted")
    gap: float = parameter(1e-3, "part", "of the cost, at which a solution is good enough")


@dataclass(frozen=True, slots=True)
class EnginesParameters:
    """Engines."""

    integer_program: IntegerProgramParameters = IntegerProgramParameters()


ENGINES = EnginesParameters()
